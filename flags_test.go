package outdial_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial"
)

func TestStaticFlags(t *testing.T) {
	t.Parallel()

	t.Run("the zero value has every flag off", func(t *testing.T) {
		t.Parallel()

		var flags outdial.StaticFlags
		require.False(t, flags.Enabled(t.Context(), outdial.FlagQueueReplace, outdial.System()))
	})
	t.Run("a flag that is on is on for everybody", func(t *testing.T) {
		t.Parallel()

		flags := outdial.StaticFlags{outdial.FlagQueueReplace: true}
		require.True(t, flags.Enabled(t.Context(), outdial.FlagQueueReplace, outdial.System()))
		require.True(t, flags.Enabled(t.Context(), outdial.FlagQueueReplace, outdial.Actor{}))
		require.False(t, flags.Enabled(t.Context(), "another", outdial.System()))
	})
	t.Run("a flag that is false is off", func(t *testing.T) {
		t.Parallel()

		flags := outdial.StaticFlags{outdial.FlagQueueReplace: false}
		require.False(t, flags.Enabled(t.Context(), outdial.FlagQueueReplace, outdial.System()))
	})
}

// The environment belongs to the whole process: no parallel tests here.
func TestEnvFlags(t *testing.T) {
	tests := []struct {
		name  string
		value string
		want  outdial.StaticFlags
	}{
		{"nothing turns nothing on", "", outdial.StaticFlags{}},
		{"one flag", "queue_replace_v1", outdial.StaticFlags{outdial.FlagQueueReplace: true}},
		{
			"flags that are not ours are kept", "queue_replace_v1,checkout_v2",
			outdial.StaticFlags{outdial.FlagQueueReplace: true, "checkout_v2": true},
		},
		{"blanks around a name go", " queue_replace_v1 ,\tx\n", outdial.StaticFlags{outdial.FlagQueueReplace: true, "x": true}},
		{"commas alone turn nothing on", ",, ,", outdial.StaticFlags{}},
		{"a name in another case is another flag", "QUEUE_REPLACE_V1", outdial.StaticFlags{"QUEUE_REPLACE_V1": true}},
		{"a value is no part of a name", "queue_replace_v1=true", outdial.StaticFlags{"queue_replace_v1=true": true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("FEATURE_FLAGS", test.value)
			require.Equal(t, test.want, outdial.EnvFlags())
		})
	}

	t.Run("an unset variable turns nothing on", func(t *testing.T) {
		t.Setenv("FEATURE_FLAGS", "") // so that the value from before comes back
		require.NoError(t, os.Unsetenv("FEATURE_FLAGS"))
		require.Empty(t, outdial.EnvFlags())
	})
	t.Run("the variable is read once", func(t *testing.T) {
		t.Setenv("FEATURE_FLAGS", "queue_replace_v1")
		flags := outdial.EnvFlags()
		t.Setenv("FEATURE_FLAGS", "")
		require.True(t, flags.Enabled(t.Context(), outdial.FlagQueueReplace, outdial.System()))
	})
}
