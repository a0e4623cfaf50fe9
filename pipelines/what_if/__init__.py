"""What would lower the chances of customers at risk."""
