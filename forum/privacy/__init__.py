"""The register of personal data: what is stored about whom, why and for how long."""
