package filter

import (
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// keptTexts keeps the last value of each of the event's fields that are texts: those
// of events that follow each other are often the same.
type keptTexts map[string]keptText

type keptText struct {
	text  string
	value ref.Val
}

func (k *keptTexts) value(field string, text []byte) ref.Val {
	kept, ok := (*k)[field]
	if ok && kept.text == string(text) {
		return kept.value
	}
	if *k == nil {
		*k = keptTexts{}
	}
	kept.text = string(text)
	kept.value = types.String(kept.text)
	(*k)[field] = kept
	return kept.value
}
