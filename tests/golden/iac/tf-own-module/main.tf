module "orders" {
  source = "./modules/function"
  name   = "orders"
  memory = 512
}

module "bills" {
  source = "./modules/function"
  name   = "bills"
  memory = 512
}
