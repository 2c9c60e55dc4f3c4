package grpcapi

import (
	"context"
	"slices"
	"strings"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// SchemaService implements snykstreamv1.SchemaServiceServer.
type SchemaService struct {
	snykstreamv1.UnimplementedSchemaServiceServer

	schemas []*snykstreamv1.Schema
}

// NewSchemaService makes a SchemaService that tells of the schemas, by name.
func NewSchemaService(schemas []*snykstreamv1.Schema) *SchemaService {
	schemas = slices.SortedFunc(slices.Values(schemas), func(a, b *snykstreamv1.Schema) int {
		return strings.Compare(a.GetName(), b.GetName())
	})
	return &SchemaService{schemas: schemas}
}

// ListSchemas implements snykstreamv1.SchemaServiceServer.
func (s *SchemaService) ListSchemas(context.Context, *snykstreamv1.ListSchemasRequest) (*snykstreamv1.ListSchemasResponse, error) {
	return &snykstreamv1.ListSchemasResponse{Schemas: s.schemas}, nil
}

// GetSchema implements snykstreamv1.SchemaServiceServer.
func (s *SchemaService) GetSchema(_ context.Context, r *snykstreamv1.GetSchemaRequest) (*snykstreamv1.GetSchemaResponse, error) {
	for _, schema := range s.schemas {
		if schema.GetName() == r.GetName() {
			return &snykstreamv1.GetSchemaResponse{Schema: schema}, nil
		}
	}
	return nil, &audit.Error{
		Kind: audit.KindNotFound, Reason: snykstreamv1.ErrorReason_ERROR_REASON_SCHEMA_NOT_FOUND,
		Message: "no schema has this name: there are " + strings.Join(s.names(), ", "),
	}
}

func (s *SchemaService) names() []string {
	names := make([]string, 0, len(s.schemas))
	for _, schema := range s.schemas {
		names = append(names, schema.GetName())
	}
	return names
}
