# The values of production
name   = "invoices"
memory = 256   # was 128
