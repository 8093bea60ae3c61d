// Command embedder is a framework that embeds trainwatch, for the tests: it uses
// two features and does one operation. Its environment says how it is set up.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/trainwatch/trainwatch/agent"
)

func main() {
	bits := agent.Int("bits")
	kind := agent.Word("kind", "nf4", "int8")
	quantised := agent.NewFeature("linear_4bit", bits, kind)
	save := agent.NewOperation("save_model")
	cfg := agent.Config{
		App: "embedder", AppVersion: "1.2.3", StopFlag: "embedder-stop",
		PostHogKey: os.Getenv("EMBEDDER_KEY"), PostHogHost: os.Getenv("EMBEDDER_HOST"),
		NoticeLines: []string{"Embedder counts its features."}, PrivacyURL: "https://embedder.example/privacy",
		AlsoHonour: []string{"HF_HUB_OFFLINE", "EMBEDDER_QUIET"},
		Features:   []agent.Feature{quantised}, Operations: []agent.Operation{save},
	}
	if os.Getenv("EMBEDDER_STOP") == "" {
		cfg.StopFlag = ""
	}
	if answer, ok := os.LookupEnv("EMBEDDER_NOTICE"); ok {
		cfg.Notice = func(_ context.Context, text string) bool {
			fmt.Print(text)
			return answer == "yes"
		}
	}
	ctx := context.Background()
	a := agent.Start(ctx, cfg)
	for range 3 {
		a.Feature(quantised, bits.Of(4), kind.Of("nf4"))
		a.Feature(quantised, bits.Of(8), kind.Of("int8"))
		a.Feature(quantised, bits.Of(8), kind.Of("a secret"))
	}
	a.Operation(save).Done(agent.Success, 3)
	fmt.Println("enabled:", a.Enabled())
	a.Close(ctx)
}
