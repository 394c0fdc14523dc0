"""What people ask of a running bridge: the requests, their answers, and the work behind them."""
