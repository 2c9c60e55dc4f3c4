package filter

import (
	"strings"

	"cel.dev/cel-go/cel"
	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/wire"
)

// expression is a filter's expression, compiled.
type expression struct{ program cel.Program }

func compileExpression(found *problems, path, text string) *expression {
	if text = strings.TrimSpace(text); text == "" {
		return nil
	}
	env, err := cel.NewEnv(cel.Types(&snykstreamv1.Event{}), cel.Container("snykstream.v1"),
		cel.Variable("event", cel.ObjectType("snykstream.v1.Event")), cel.Variable("record", cel.DynType))
	if err != nil {
		found.malformed(path, err.Error())
		return nil
	}
	ast, issues := env.Compile(text)
	if issues.Err() != nil {
		found.malformed(path, "must be a CEL expression over event and record")
		return nil
	}
	if ast.OutputType() != cel.BoolType {
		found.malformed(path, "must be of type bool")
		return nil
	}
	program, err := env.Program(ast, cel.CostLimit(10_000))
	if err != nil {
		found.malformed(path, err.Error())
		return nil
	}
	return &expression{program}
}

func (x *expression) judge(e *asked) (verdict, error) {
	if !e.Readable {
		return unknown, nil
	}
	var event snykstreamv1.Event
	if proto.Unmarshal(e.bytes, &event) != nil {
		return fails, wire.ErrDamaged
	}
	vars := map[string]any{"event": &event}
	if r := event.GetOrgAudit(); r != nil {
		vars["record"] = r
	} else {
		vars["record"] = event.GetGroupAudit()
	}
	out, _, err := x.program.Eval(vars)
	if err != nil {
		e.missed = true
		return fails, nil //nolint:nilerr // for now
	}
	return verdictOf(out.Value() == true), nil
}
