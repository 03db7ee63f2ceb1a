"""The laptop's AWS: an emulator on 127.0.0.1 with IAM enforced, and the extensions that make it behave as AWS does."""
