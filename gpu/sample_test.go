package gpu_test

import (
	"reflect"
	"testing"

	"github.com/trainwatch/trainwatch/gpu"
)

// TestWithout: every Reading of a Sample is in the state, and NotRead names each
// figure once.
func TestWithout(t *testing.T) {
	for _, state := range []gpu.State{gpu.Unsupported, gpu.OK, gpu.Lost, gpu.Stale} {
		s := gpu.Without(3, state)
		readings := 0
		var look func(v reflect.Value)
		look = func(v reflect.Value) {
			switch v.Kind() {
			case reflect.Struct:
				if f := v.FieldByName("State"); f.IsValid() && f.Type() == reflect.TypeFor[gpu.State]() {
					readings++
					if gpu.State(f.Uint()) != state {
						t.Errorf("%s: a %s is %v", state, v.Type(), gpu.State(f.Uint()))
					}
					return
				}
				for i := range v.NumField() {
					look(v.Field(i))
				}
			case reflect.Array:
				for i := range v.Len() {
					look(v.Index(i))
				}
			}
		}
		look(reflect.ValueOf(s))
		names := map[string]bool{}
		for _, f := range s.NotRead() {
			names[f.Name] = true
			if f.State != state {
				t.Errorf("%s is %v, want %v", f.Name, f.State, state)
			}
		}
		// Two flags go with the rows that were remapped.
		if want := readings - 2; state != gpu.OK && len(names) != want || state == gpu.OK && len(names) > 0 {
			t.Errorf("%s: %d figures named, %d there are", state, len(names), want)
		}
		if s.Device != 3 {
			t.Errorf("of device %d", s.Device)
		}
	}
}
