variable "name" {}
variable "memory" {
  default = 128
}
