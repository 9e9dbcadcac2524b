package blobs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"huawu/shared/cloud"
	"huawu/shared/cloud/awscloud"
	"huawu/shared/fault"
)

const (
	partSize  = 8 << 20   // of an upload in parts; S3 wants 5 MiB at least
	maxSingle = 100 << 20 // a file up to this goes up in one request
	maxParts  = 10000
)

// Put stores an object. A body that can be read again (a file) and is not too
// large goes up in one request; any other is gathered into parts of 8 MiB, of
// which one is held in memory, and is one request too if it fits into the first.
// A body that is not as long as announced is fault.Invalid and is not stored.
func (b *Blobs) Put(ctx context.Context, key string, body io.Reader, o cloud.PutOptions) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if file, ok := body.(io.ReadSeeker); ok && o.Size > 0 && o.Size <= maxSingle {
		if left, err := remaining(file); err != nil {
			return fault.Wrap(fault.Unavailable, err, "blob: read body")
		} else if left != o.Size {
			return wrongSize(left, o)
		}
		return b.putWhole(ctx, key, file, o)
	}
	size := partOf(o.Size)
	part := make([]byte, min(size, max(o.Size+1, 64<<10))) // most bodies are small
	n, err := io.ReadFull(body, part)
	if err == nil && int64(len(part)) < size {
		part = append(part, make([]byte, size-int64(len(part)))...)
		var more int
		more, err = io.ReadFull(body, part[n:])
		n += more
	}
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		if o.Size > 0 && int64(n) != o.Size {
			return wrongSize(int64(n), o)
		}
		return b.putWhole(ctx, key, bytes.NewReader(part[:n]), o)
	case err != nil:
		return fault.Wrap(fault.Unavailable, err, "blob: read body")
	}
	return b.putParts(ctx, key, part, body, o)
}

// partOf returns the size of the parts of a body.
func partOf(body int64) int64 {
	size := int64(partSize)
	for size*maxParts < body {
		size *= 2
	}
	return size
}

func remaining(s io.Seeker) (int64, error) {
	at, err := s.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	end, err := s.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	_, err = s.Seek(at, io.SeekStart)
	return end - at, err
}

func wrongSize(got int64, o cloud.PutOptions) error {
	return fault.New(fault.Invalid, "blob: body of %d bytes, announced %d", got, o.Size)
}

func (b *Blobs) putWhole(ctx context.Context, key string, body io.ReadSeeker, o cloud.PutOptions) error {
	_, err := b.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: b.bucket, Key: &key, Body: body, ContentType: text(o.ContentType), IfNoneMatch: ifAbsent(o)})
	return putFault(err)
}

func ifAbsent(o cloud.PutOptions) *string {
	if o.IfAbsent {
		return aws.String("*")
	}
	return nil
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// putFault tells "there already" from an upload by someone else that is under
// way: both are Conflict, and who reads again finds the object, or may try again.
func putFault(err error) error { return awscloud.Wrap(err, "blob: put") }

// putParts uploads body in parts, the first of which is full in part.
func (b *Blobs) putParts(ctx context.Context, key string, part []byte, body io.Reader, o cloud.PutOptions) (err error) {
	up, err := b.s3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b.bucket, Key: &key, ContentType: text(o.ContentType), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32})
	if err != nil {
		return putFault(err)
	}
	defer func() {
		if err == nil {
			return
		}
		// Parts that were left cost money until the bucket's life cycle ends them.
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_, _ = b.s3.AbortMultipartUpload(late, &s3.AbortMultipartUploadInput{Bucket: b.bucket, Key: &key, UploadId: up.UploadId})
	}()
	done, err := b.uploadParts(ctx, up, part, body, o)
	if err != nil {
		return err
	}
	_, err = b.s3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: b.bucket, Key: &key, UploadId: up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: done}, IfNoneMatch: ifAbsent(o)})
	return putFault(err)
}

func (b *Blobs) uploadParts(ctx context.Context, up *s3.CreateMultipartUploadOutput, part []byte, body io.Reader, o cloud.PutOptions) ([]types.CompletedPart, error) {
	var done []types.CompletedPart
	var size int64
	for n, last := int32(1), false; !last; n++ {
		if n > 1 {
			got, err := io.ReadFull(body, part)
			last = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
			if err != nil && !last {
				return nil, fault.Wrap(fault.Unavailable, err, "blob: read body")
			}
			if part = part[:got]; got == 0 {
				break
			}
		}
		if size += int64(len(part)); n > maxParts || o.Size > 0 && size > o.Size {
			return nil, wrongSize(size, o)
		}
		out, err := b.s3.UploadPart(ctx, &s3.UploadPartInput{Bucket: up.Bucket, Key: up.Key, UploadId: up.UploadId, PartNumber: &n,
			Body: bytes.NewReader(part), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32})
		if err != nil {
			return nil, putFault(err)
		}
		done = append(done, types.CompletedPart{ETag: out.ETag, PartNumber: aws.Int32(n), ChecksumCRC32: out.ChecksumCRC32})
	}
	if o.Size > 0 && size != o.Size {
		return nil, wrongSize(size, o)
	}
	return done, nil
}
