variable "prefix" {
  type    = string
  default = "acme"
}

variable "api_memory" {
  description = "Memory in MB"
  type        = number
  default     = 1024

  validation {
    condition     = var.api_memory >= 128
    error_message = "At least 128."
  }
}

variable "architectures" {
  type    = list(string)
  default = ["x86_64"] # or arm64
}
