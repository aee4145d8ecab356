package main

import "github.com/outdial/outdial/dialer"

// retryPolicy is how often and when people are tried again where their campaign does
// not say. It is the same for everything that decides about it: the library's own.
func retryPolicy() dialer.RetryPolicy { return dialer.RetryPolicy{} }
