package floors

// anything is the right of the rooms that wire the others together.
const anything = "*"

// table says what the production code of each room may import of the project.
// A room is a folder of internal, or one of the folders beside it; its
// subpackages are of the room, but for the commands, which are a room of their
// own. Tests are free: they use real parts, up to a whole server.
//
// Imports point down, and rooms of one floor never meet: they speak through
// interfaces that the consumer declares, joined in server.
var table = map[string][]string{
	// The ground: generated code, and what builds on it alone.
	"gen":              {},
	"internal/audit":   {"gen", "internal/wire"},
	"internal/stored":  {"gen"},
	"internal/snyksim": {},
	"internal/wire":    {"gen"},
	"internal/floors":  {},

	// What every floor above may use.
	"internal/telemetry": {"gen", "internal/audit"},
	"internal/config":    {"gen", "internal/audit"},
	"internal/engine":    {"gen", "internal/audit", "internal/telemetry"},

	// Adapters: each wraps one thing outside.
	"internal/snyk":     adapter,
	"internal/journal":  adapter,
	"internal/registry": adapter,
	"internal/seal":     adapter,

	// Rules without I/O.
	"internal/filter": {"gen", "internal/audit", "internal/wire"},
	"internal/names":  {"gen", "internal/audit", "internal/telemetry"},
	"internal/health": {"gen", "internal/audit", "internal/telemetry"},
	"internal/auth":   {"gen", "internal/audit", "internal/telemetry"},

	// The two paths: in from Snyk, out to callers.
	"internal/collect": flow,
	"internal/grpcapi": flow,

	// What others build upon.
	"client": {"gen"},

	// The top.
	"server":              {anything},
	"server/cmd":          {anything},
	"client/cmd":          {anything},
	"internal/servertest": {anything},
	"internal/bench":      {anything},
}

// adapter is the row of every room that wraps one thing outside.
var adapter = []string{
	"gen", "internal/audit", "internal/engine", "internal/stored", "internal/telemetry", "internal/wire",
}

// flow is the row of the two paths.
var flow = []string{
	"gen", "internal/audit", "internal/auth", "internal/filter", "internal/health", "internal/names",
	"internal/telemetry", "internal/wire",
}

// testOnly rooms are for tests, whatever else a room may import.
var testOnly = []string{"internal/servertest"}
