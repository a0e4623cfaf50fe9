"""Cards put under stress before they are proposed: people answer to what they are paid for."""
