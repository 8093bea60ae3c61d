// Command computed must not compile: it names features and words with strings
// that are made at run time.
package main

import (
	"os"

	"github.com/trainwatch/trainwatch/agent"
)

func main() {
	secret := os.Args[0]
	_ = agent.NewFeature(secret)
	_ = agent.NewOperation(secret)
	_ = agent.Int(secret)
	_ = agent.Word("kind", secret)
	_ = agent.Config{App: secret}
	_ = agent.Config{StopFlag: secret}
}
