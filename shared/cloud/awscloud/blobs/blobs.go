// Package blobs is cloud.Blobs over one S3 bucket. It decides whether an object
// goes up in one request or in parts; encryption, life cycle and locks are the
// bucket's own settings.
package blobs

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"huawu/shared/cloud"
	"huawu/shared/cloud/awscloud"
	"huawu/shared/fault"
)

// patience bears the commit of a large object.
var patience = awscloud.Patience{Answer: 60 * time.Second, Attempts: 4, Backoff: 2 * time.Second}

// Blobs is one bucket. It is safe for use by many goroutines.
type Blobs struct {
	s3     *s3.Client
	bucket *string
}

var _ cloud.Blobs = (*Blobs)(nil)

// New returns the bucket that cfg names.
func New(cfg awscloud.Config) (*Blobs, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if cfg.Bucket == "" {
		return nil, fault.New(fault.Invalid, "%s is not set", awscloud.EnvBucket)
	}
	return &Blobs{bucket: &cfg.Bucket, s3: s3.New(s3.Options{
		Region: cfg.Region, BaseEndpoint: cfg.BaseEndpoint(), Credentials: cfg.Provider(),
		HTTPClient: cfg.HTTPClient(patience), Retryer: patience.Retryer(),
		UsePathStyle:                              cfg.Endpoint != "", // an emulator has no host name per bucket
		RequestChecksumCalculation:                aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation:                aws.ResponseChecksumValidationWhenSupported,
		DisableLogOutputChecksumValidationSkipped: true, // a ranged read has none
	})}, nil
}

// checkKey refuses what S3 does.
func checkKey(key string) error {
	if key == "" || len(key) > 1024 {
		return fault.New(fault.Invalid, "blob: key of %d bytes", len(key))
	}
	return nil
}

// Get returns a range of an object.
func (b *Blobs) Get(ctx context.Context, key string, from, to int64) (io.ReadCloser, cloud.BlobInfo, error) {
	none := cloud.BlobInfo{}
	if err := checkKey(key); err != nil {
		return nil, none, err
	}
	if from < 0 || to < -1 || to != -1 && to <= from {
		return nil, none, fault.New(fault.Invalid, "blob: range %d to %d", from, to)
	}
	in := &s3.GetObjectInput{Bucket: b.bucket, Key: &key}
	if to != -1 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-%d", from, to-1))
	} else if from > 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-", from))
	}
	out, err := b.s3.GetObject(ctx, in)
	if err != nil {
		return nil, none, awscloud.Wrap(err, "blob: get")
	}
	info := cloud.BlobInfo{Key: key, Size: aws.ToInt64(out.ContentLength), Modified: aws.ToTime(out.LastModified).UTC()}
	if _, total, ok := strings.Cut(aws.ToString(out.ContentRange), "/"); ok {
		if info.Size, err = strconv.ParseInt(total, 10, 64); err != nil {
			out.Body.Close()
			return nil, none, fault.Wrap(fault.Internal, err, "blob: range of the answer")
		}
	}
	return out.Body, info, nil
}

// List returns objects in key order.
func (b *Blobs) List(ctx context.Context, prefix, after string, limit int) ([]cloud.BlobInfo, error) {
	if limit < 1 || limit > 1000 {
		return nil, fault.New(fault.Invalid, "blob: list %d", limit)
	}
	in := &s3.ListObjectsV2Input{Bucket: b.bucket, Prefix: &prefix, MaxKeys: aws.Int32(int32(limit))}
	if after != "" {
		in.StartAfter = &after
	}
	out, err := b.s3.ListObjectsV2(ctx, in)
	if err != nil {
		return nil, awscloud.Wrap(err, "blob: list")
	}
	list := make([]cloud.BlobInfo, len(out.Contents))
	for i, o := range out.Contents {
		list[i] = cloud.BlobInfo{Key: aws.ToString(o.Key), Size: aws.ToInt64(o.Size), Modified: aws.ToTime(o.LastModified).UTC()}
	}
	return list, nil
}

// Delete removes an object.
func (b *Blobs) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	_, err := b.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b.bucket, Key: &key})
	return awscloud.Wrap(err, "blob: delete")
}
