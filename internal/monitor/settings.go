package monitor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/steps"
)

// settings is what a training says it uses. A process writes it beside its page
// before its first step: settings-PID.json. The gate decides what of it may be
// sent; names that are in none of its lists stay here.
type settings struct {
	Version   int               `json:"v"`
	Framework string            `json:"framework"`
	Packages  map[string]string `json:"packages"` // version by import name
	Values    map[string]any    `json:"settings"` // numbers, booleans, names
}

// Bounds of a settings file.
const (
	maxSettingsFile = 64 << 10
	maxSettings     = 64 // of each kind
	maxSettingText  = 256
)

var errNoSettings = errors.New("monitor: no settings file")

// readSettings reads a settings file, which any process of the user's may have
// written.
func readSettings(name string) (settings, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return settings{}, fmt.Errorf("monitor: settings: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxSettingsFile {
		return settings{}, errNoSettings
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSettingsFile))
	if err != nil {
		return settings{}, fmt.Errorf("monitor: settings: %w", err)
	}
	return decodeSettings(data)
}

// decodeSettings keeps of a settings file what has the right shape.
func decodeSettings(data []byte) (settings, error) {
	var s settings
	if err := json.Unmarshal(data, &s); err != nil {
		return settings{}, fmt.Errorf("monitor: settings: %w", err)
	}
	if s.Version != 1 || len(s.Packages) > maxSettings || len(s.Values) > maxSettings {
		return settings{}, errNoSettings
	}
	for name, value := range s.Values {
		text, isText := value.(string)
		_, isNumber := value.(float64)
		_, isBool := value.(bool)
		if !isNumber && !isBool && (!isText || len(text) > maxSettingText) {
			delete(s.Values, name)
		}
	}
	return s, nil
}

// learn reads the settings of the run's page once there may be some, and again
// when another source of steps has taken over.
func (l *loop) learn() {
	h := &l.page
	if l.cfg.Pages.dir == "" || h.Head == 0 || h.PID == l.learned.pid && h.Source == l.learned.source {
		return
	}
	s, err := readSettings(filepath.Join(l.cfg.Pages.dir, fmt.Sprintf("settings-%d.json", h.PID)))
	if err == nil {
		l.settings, l.noted = s, false
	} else if h.Steps == 0 {
		return // it is written before the first step
	}
	l.learned.pid, l.learned.source = h.PID, h.Source
}

// learned is whose settings were read last.
type learned struct {
	pid    int
	source steps.Source
}

// packageAttrs are the versions of the packages that are on the public list.
func (s *settings) packageAttrs() []event.Attr {
	var attrs []event.Attr
	for name, version := range s.Packages {
		if key, ok := event.Pkg(name); ok {
			attrs = append(attrs, key.Of(version))
		}
	}
	return attrs
}

// attrs are the settings that the gate has keys for. dir is where the program
// was started: a model that is a path from there has no name.
func (s *settings) attrs(dir string) []event.Attr {
	attrs := []event.Attr{
		s.number(event.BatchSize, "batch_size"),
		s.number(event.GradientAccumulationSteps, "gradient_accumulation_steps"),
		s.number(event.SequenceLength, "sequence_length"),
		s.number(event.ParameterCount, "parameter_count"),
		s.number(event.TrainableParameterCount, "trainable_parameter_count"),
		s.number(event.DataWorkers, "data_workers"),
		s.number(event.TensorParallelSize, "tensor_parallel_size"),
		s.number(event.PipelineParallelSize, "pipeline_parallel_size"),
		s.number(event.DataParallelSize, "data_parallel_size"),
		s.number(event.LoRARank, "lora_rank"),
		s.flag(event.LoRA, "lora"), s.flag(event.QLoRA, "qlora"),
		s.flag(event.GradientCheckpointing, "gradient_checkpointing"),
		s.flag(event.TorchCompile, "torch_compile"),
		s.word(event.Precision, "precision"), s.word(event.Optimizer, "optimizer"),
		s.word(event.LRScheduler, "lr_scheduler"), s.word(event.Sharding, "sharding"),
	}
	if name, ok := s.Values["model"].(string); ok && dir != "" {
		attrs = append(attrs, event.Model(name, func(path string) bool {
			if !filepath.IsAbs(path) {
				path = filepath.Join(dir, path)
			}
			_, err := os.Lstat(path)
			return err == nil
		}))
	}
	return attrs
}

func (s *settings) number(k event.Key[int64], name string) event.Attr {
	const exact = 1 << 53 // above it a JSON number may be another
	v, ok := s.Values[name].(float64)
	if !ok || v != float64(int64(v)) || v < 0 || v > exact {
		return event.Attr{}
	}
	return k.Of(int64(v))
}

func (s *settings) flag(k event.Key[bool], name string) event.Attr {
	v, ok := s.Values[name].(bool)
	if !ok {
		return event.Attr{}
	}
	return k.Of(v)
}

func (s *settings) word(k event.Key[string], name string) event.Attr {
	v, ok := s.Values[name].(string)
	if !ok {
		return event.Attr{}
	}
	return k.Of(v)
}

// framework is what the training said of itself, where that is a word we have.
func (s *settings) framework(source steps.Source) string {
	if s.Framework != "" && source != steps.SourceGo && source != steps.SourceOther {
		return s.Framework
	}
	return frameworkOf(source)
}
