package bloom_test

import (
	"testing"

	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The client writes to standard error what the tests count.
	logging.Disable()
	goleak.VerifyTestMain(m)
}
