module "thumbnails" {
  source  = "terraform-aws-modules/lambda/aws"
  version = "~> 7.0"

  function_name = "thumbnails"
  handler       = "index.handler"
  runtime       = "python3.12"
  architectures = ["x86_64"]
  memory_size   = 1769

  source_path = [
    "src",
    { path = "lib", prefix_in_zip = "lib" },
  ]
}

module "bucket" {
  source = "terraform-aws-modules/s3-bucket/aws"
  bucket = "thumbnails"
}
