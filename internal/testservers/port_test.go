package main

import (
	"errors"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOnFreePort(t *testing.T) {
	t.Parallel()

	t.Run("tries another port when the first is taken", func(t *testing.T) {
		t.Parallel()

		found, err := provide(t.Context(), needs{postgres: true, redis: true}, os.Stderr)
		require.NoError(t, err)

		scratch := serverScratch(t)

		redis, err := startRedis(t.Context(), redisConfig{bin: found.redis, scratch: scratch, pick: takenFirst(t)})
		require.NoError(t, err)
		redis.stop()

		postgres, err := startPostgres(t.Context(), postgresConfig{bin: found.postgres, scratch: scratch, pick: takenFirst(t)})
		require.NoError(t, err)
		postgres.stop()
	})

	t.Run("gives up after a number of tries", func(t *testing.T) {
		t.Parallel()

		tries := 0
		_, err := onFreePort(freePort, func(int) (*server, error) {
			tries++

			return nil, errPortTaken
		})
		require.ErrorIs(t, err, errPortTaken)
		require.Equal(t, portAttempts, tries)
	})

	t.Run("does not repeat another failure", func(t *testing.T) {
		t.Parallel()

		broken := errors.New("broken")
		tries := 0
		_, err := onFreePort(freePort, func(int) (*server, error) {
			tries++

			return nil, broken
		})
		require.ErrorIs(t, err, broken)
		require.Equal(t, 1, tries)
	})
}

// takenFirst picks a port that somebody listens on, and free ones after.
func takenFirst(t *testing.T) func() (int, error) {
	t.Helper()

	listener, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })

	address, ok := listener.Addr().(*net.TCPAddr)
	require.True(t, ok)

	picked := false

	return func() (int, error) {
		if picked {
			return freePort()
		}

		picked = true

		return address.Port, nil
	}
}
