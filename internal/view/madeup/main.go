// Command madeup writes runs that never were into a state directory, through the
// history's own writer: for looking at the page, for measuring it with a run of
// a week on eight GPUs, and for seeing it meet names made of markup. Tests and
// `make bench` use it; it is part of no binary.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	home := flag.String("home", "", "state directory to write to")
	kind := flag.String("kind", "training", "training, failed, hostile, live or many")
	length := flag.Duration("length", time.Hour, "how long the run took")
	every := flag.Duration("every", 2*time.Second, "time between ticks")
	gpus := flag.Int("gpus", 8, "GPUs of the machine")
	name := flag.String("name", "", "name of the run")
	slower := flag.Float64("slower", 1, "factor on the step time")
	steady := flag.Bool("steady", false, "no GPU gets hot")
	count := flag.Int("count", 1000, "how many runs, of kind many")
	seed := flag.Uint64("seed", 1, "of what is random")
	flag.Parse()
	run := training{
		home: *home, kind: *kind, length: *length, every: *every, gpus: *gpus,
		name: *name, slower: *slower, steady: *steady, seed: *seed,
	}
	var id string
	var err error
	if *kind == "many" {
		err = many(*home, *count)
	} else {
		id, err = run.write()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "madeup:", err)
		os.Exit(1)
	}
	fmt.Println(id)
}
