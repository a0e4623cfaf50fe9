"""What has changed since the advice before."""
