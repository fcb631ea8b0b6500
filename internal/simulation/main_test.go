package simulation

import (
	"flag"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/realtimex/realtimex-go/internal/race"
)

var (
	seedFlag     = flag.Uint64("seed", 0, "run this seed alone, and print its schedule")
	seedsFlag    = flag.Int("seeds", race.Fewer(150, 40), "how many seeds to run")
	firstFlag    = flag.Uint64("first", 1, "the first of them")
	simulateFlag = flag.Duration("simulate", 0, "go on with new seeds for this time")
	replayFlag   = flag.Int("replay", race.Fewer(3, 1), "how many seeds to replay")
	tapesFlag    = flag.Bool("tapes", false, "print what the service accepted, and the tapes that breach the law")
	traceFlag    = flag.String("log", "", "print the log of this client, such as 1.1")
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// moreSeeds says whether to go on after n seeds.
func moreSeeds(n int, began time.Time) bool {
	if *simulateFlag > 0 {
		return time.Since(began) < *simulateFlag
	}
	return n < *seedsFlag
}
