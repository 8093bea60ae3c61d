package agent

import (
	"context"
	"sync"
	"time"
)

// homePatience is how long the start of a program waits for the user's home
// directory, which may lie on a file server that is gone.
const homePatience = 2 * time.Second

// inTime returns what f returns, or not ok where f takes longer than d. Such an
// f costs its goroutine: nothing can end it.
func inTime[T any](d time.Duration, f func() T) (value T, ok bool) {
	done := make(chan T, 1)
	go func() { done <- f() }()
	timeout := time.NewTimer(d)
	defer timeout.Stop()
	select {
	case value = <-done:
		return value, true
	case <-timeout.C:
		return value, false
	}
}

// awaitGroup waits for what was started, until ctx ends.
func awaitGroup(ctx context.Context, g *sync.WaitGroup) {
	done := make(chan struct{})
	go func() { defer close(done); g.Wait() }()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// outlasting returns a context that ends d after ctx does.
func outlasting(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		last := time.NewTimer(d)
		defer last.Stop()
		select {
		case <-last.C:
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() { stop(); cancel() }
}

// maxCommand bounds what is kept of a command line, bytes.
const maxCommand = 32 << 10

func clip(argv []string) []string {
	room := maxCommand
	for i, a := range argv {
		if room -= len(a); room < 0 {
			return append(append([]string(nil), argv[:i]...), "…")
		}
	}
	return argv
}
