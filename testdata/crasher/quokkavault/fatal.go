package quokkavault

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"slices"
)

// Fatal dies, in the way asked for, of what no deferred call sees: with labels
// on its goroutine that are the user's own.
func Fatal(how, secret string) {
	pprof.Do(context.Background(), pprof.Labels("user", secret+"]: "), func(context.Context) {
		switch how {
		case "goroutine":
			go func() { panic(secret + "\n\ngoroutine 1 [running]:\nnet/http.fake()") }()
			select {}
		case "goroutine-inside":
			go func() { slices.SortFunc([]int{2, 1}, func(int, int) int { panic(secret) }) }()
			select {}
		case "map":
			vault := map[string]int{}
			for range 8 {
				go func() {
					for {
						vault[secret]++
					}
				}()
			}
			select {}
		case "stack":
			debug.SetMaxStack(1 << 16)
			os.Exit(deep(0, secret))
		}
	})
}

//go:noinline
func deep(n int, secret string) int {
	var page [512]byte
	page[n%len(page)] = secret[n%len(secret)]
	return deep(n+1, secret) + int(page[n%len(page)])
}
