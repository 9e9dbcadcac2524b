package localcloud

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"huawu/shared/cloud/localcloud/internal/kv"
)

// Bucket is the name of the one bucket in events.
const Bucket = "huawu"

// BlobNotice asks that new objects with a prefix and a suffix are told to a
// queue, as an S3 event.
type BlobNotice struct {
	Prefix, Suffix string
	Queue          string
}

// s3Event is the event of a new object.
// Source: Amazon S3 user guide, "Event message structure".
type s3Event struct {
	Records []s3Record `json:"Records"`
}

type s3Record struct {
	EventVersion      string            `json:"eventVersion"`
	EventSource       string            `json:"eventSource"`
	AWSRegion         string            `json:"awsRegion"`
	EventTime         string            `json:"eventTime"`
	EventName         string            `json:"eventName"`
	UserIdentity      map[string]string `json:"userIdentity"`
	RequestParameters map[string]string `json:"requestParameters"`
	ResponseElements  map[string]string `json:"responseElements"`
	S3                s3Entity          `json:"s3"`
}

type s3Entity struct {
	SchemaVersion   string   `json:"s3SchemaVersion"`
	ConfigurationID string   `json:"configurationId"`
	Bucket          s3Bucket `json:"bucket"`
	Object          s3Object `json:"object"`
}

type s3Bucket struct {
	Name          string            `json:"name"`
	OwnerIdentity map[string]string `json:"ownerIdentity"`
	Arn           string            `json:"arn"`
}

type s3Object struct {
	Key       string `json:"key"` // escaped: a space is +
	Size      int64  `json:"size"`
	ETag      string `json:"eTag"`
	Sequencer string `json:"sequencer"`
}

// escape writes a key as S3 does in events: as in a query string, but for the
// slashes.
func escape(key string) string { return strings.ReplaceAll(url.QueryEscape(key), "%2F", "/") }

// notice puts the event of a new object on the queues that want it, within the
// commit of the object.
func (c *Cloud) notice(tx kv.Tx, id [16]byte, key string, row blobRow) {
	for i, n := range c.opt.Created {
		if !strings.HasPrefix(key, n.Prefix) || !strings.HasSuffix(key, n.Suffix) {
			continue
		}
		who := map[string]string{"principalId": Account}
		body, err := json.Marshal(s3Event{Records: []s3Record{{
			EventVersion:      "2.1",
			EventSource:       "aws:s3",
			AWSRegion:         Region,
			EventTime:         row.modified.Format("2006-01-02T15:04:05.000Z"),
			EventName:         "ObjectCreated:Put",
			UserIdentity:      who,
			RequestParameters: map[string]string{"sourceIPAddress": "127.0.0.1"},
			ResponseElements:  map[string]string{"x-amz-request-id": hex.EncodeToString(id[:8])},
			S3: s3Entity{
				SchemaVersion:   "1.0",
				ConfigurationID: n.Queue,
				Bucket:          s3Bucket{Bucket, who, "arn:aws:s3:::" + Bucket},
				Object:          s3Object{escape(key), row.size, row.body, fmt.Sprintf("%016X", row.modified.UnixNano())},
			},
		}}})
		if err != nil {
			continue // strings and numbers always marshal
		}
		id[15] = byte(i) // one id for each queue
		c.enqueue(tx, n.Queue, id, body, row.modified, time.Duration(0))
	}
}
