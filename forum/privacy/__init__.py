"""What is kept of whom, why and for how long."""
