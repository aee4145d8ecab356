package storetest_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outdial/outdial/storetest"
)

// faultVariable names the environment variable that tells TestMemory which
// mistake its store makes.
const faultVariable = "OUTDIAL_STORETEST_FAULT"

// TestMemory runs the suite against a store that is right, unless the
// environment asks for one that is not.
func TestMemory(t *testing.T) {
	t.Parallel()
	storetest.Run(t, openMemory(fault(os.Getenv(faultVariable))), memoryFeatures())
}

// TestMutants proves that the suite can fail: for each mistake in the table, a
// run of this test binary with a store that makes it fails in the behaviour that
// forbids it, and in the comparison with the model unless the table says that
// only a look at the writes, or callers who meet, can show the mistake.
func TestMutants(t *testing.T) {
	t.Parallel()
	if os.Getenv(faultVariable) != "" {
		t.Skip("this is a mutant's own run")
	}
	compared := !testing.Short() && (!raceDetector || os.Getenv("OUTDIAL_SOAK") == "1")
	if !compared {
		t.Log("the model is not held against the mutants: that takes a run that is neither short nor built with the race detector")
	}
	for model, table := range map[string][]mutant{
		"Model/random calls answer and leave what the reference model does":                                                                                  mutants(),
		"PowerModel/random calls answer and leave what the reference model of the power queue does":                                                          powerMutants(),
		"DispositionModel/no contact exceeds their caps, nothing suppressed is queued, who is finished never comes back, and every attempt is accounted for": dispositionMutants(),
	} {
		for _, mutant := range table {
			t.Run(string(mutant.fault), func(t *testing.T) {
				t.Parallel()
				want := []string{testName(mutant.behaviour)}
				if mutant.model && compared {
					want = append(want, testName(model))
				}
				failed, output := runMutant(t, mutant.fault, want)
				for _, name := range want {
					require.Contains(t, failed, name, "the suite does not see that %s:\n%s", mutant.fault, output)
				}
			})
		}
	}
}

// testName is a behaviour's name as package testing prints it.
func testName(behaviour string) string { return strings.ReplaceAll(behaviour, " ", "_") }

// runMutant runs the named behaviours with a store that makes a mistake, and
// returns those that failed.
func runMutant(t *testing.T, mistake fault, behaviours []string) (failed []string, output string) {
	t.Helper()
	binary, err := os.Executable()
	require.NoError(t, err)
	groups, sentences := []string{}, []string{}
	for _, behaviour := range behaviours {
		group, sentence, _ := strings.Cut(behaviour, "/")
		groups, sentences = append(groups, regexp.QuoteMeta(group)), append(sentences, regexp.QuoteMeta(sentence))
	}
	const patience = 2 * time.Minute
	command := exec.CommandContext(t.Context(), binary,
		"-test.run=^TestMemory$/^("+strings.Join(groups, "|")+")$/^("+strings.Join(sentences, "|")+")$",
		"-test.timeout="+patience.String(),
		"-rapid.seed=1", "-rapid.checks=500", "-rapid.shrinktime=0s", "-rapid.nofailfile",
	)
	command.Env = append(os.Environ(), faultVariable+"="+string(mistake))
	if slices.Contains(groups, "SuppressionGuarantee") {
		// What shows only when many meet does not show in every short trial.
		command.Env = append(command.Env, "OUTDIAL_SOAK=1")
	}
	out, err := command.CombinedOutput()
	require.Error(t, err, "the suite passes although %s", mistake)
	for _, match := range failedTest.FindAllSubmatch(out, -1) {
		failed = append(failed, string(match[1]))
	}
	slices.Sort(failed)
	const longest = 4000
	return failed, string(out[:min(len(out), longest)])
}

var failedTest = regexp.MustCompile(`--- FAIL: TestMemory/(\S+/\S+)`)

// mutant is a mistake and the behaviour that forbids it.
type mutant struct {
	fault     fault
	behaviour string
	// model says that the comparison with the model sees the mistake too.
	model bool
}
