package main

import (
	"errors"
	"fmt"
	"net"
)

const (
	loopback     = "127.0.0.1"
	portAttempts = 10
)

// freePort asks the kernel for a loopback port that nobody listens on.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
	if err != nil {
		return 0, fmt.Errorf("free port: %w", err)
	}
	defer listener.Close()

	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("free port: %v is no TCP address", listener.Addr())
	}

	return address.Port, nil
}

// onFreePort calls start with a port from pick, and again with another when
// the port was taken in between: two runs on one machine do meet there.
func onFreePort(pick func() (int, error), start func(port int) (*server, error)) (*server, error) {
	for range portAttempts {
		port, err := pick()
		if err != nil {
			return nil, err
		}

		s, err := start(port)
		if !errors.Is(err, errPortTaken) {
			return s, err
		}
	}

	return nil, fmt.Errorf("%d ports in a row: %w", portAttempts, errPortTaken)
}
