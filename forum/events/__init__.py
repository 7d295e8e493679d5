"""Events (editions such as NF16), their sectors and pages."""
