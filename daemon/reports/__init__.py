"""Makes what people are told, as plain frozen values; commands and pages only draw them."""
