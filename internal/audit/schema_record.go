package audit

import (
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// record is where the fields of an event's record lie, whichever schema it has.
// The schemas say which fields there are; a test holds that each has its place.
type record struct {
	event, orgID, groupID, userID, projectID *string

	created **timestamppb.Timestamp
	content **structpb.Struct
	message protoreflect.Message
}

// newRecord gives an event the record of its log, which has a schema.
func newRecord(event *snykstreamv1.Event) record {
	if event.GetLogType() == snykstreamv1.LogType_LOG_TYPE_SNYK_GROUP_AUDIT {
		r := &snykstreamv1.GroupAudit{}
		event.Record = &snykstreamv1.Event_GroupAudit{GroupAudit: r}
		return record{&r.Event, &r.OrgId, &r.GroupId, &r.UserId, &r.ProjectId, &r.Created, &r.Content, r.ProtoReflect()}
	}
	r := &snykstreamv1.OrgAudit{}
	event.Record = &snykstreamv1.Event_OrgAudit{OrgAudit: r}
	return record{&r.Event, &r.OrgId, &r.GroupId, &r.UserId, &r.ProjectId, &r.Created, &r.Content, r.ProtoReflect()}
}

// text is the place of a text of the schema, nil for one that has none.
func (r *record) text(field string) *string {
	switch field {
	case "event":
		return r.event
	case "org_id":
		return r.orgID
	case "group_id":
		return r.groupID
	case "user_id":
		return r.userID
	case "project_id":
		return r.projectID
	}
	return nil
}

// text is what the record says in a field of the schema.
func (o *Observed) text(field string) string {
	switch field {
	case "event":
		return o.Event
	case "org_id":
		return o.OrgID
	case "group_id":
		return o.GroupID
	case "user_id":
		return o.UserID
	case "project_id":
		return o.ProjectID
	}
	return ""
}
