package public

import "strings"

// Model finds a public model by its name on the model hub, without regard to
// case: "meta-llama/Llama-3.1-8B". Of an unknown model of a known public
// organisation it returns the organisation alone.
func Model(s string) (Name, bool) {
	if name, ok := findFold(models, s); ok {
		return name, true
	}
	organisation, model, ok := strings.Cut(s, "/")
	if !ok || model == "" || strings.Contains(model, "/") {
		return Name{}, false
	}
	return findFold(models, organisation)
}

// Optimizer finds a public optimizer class by its name: "AdamW".
func Optimizer(s string) (Name, bool) { return find(optimizers, s) }
