"""Where the organs are: masks, and the network that makes them."""
