package desk

import (
	"context"
	"maps"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/acd/pace"
	"huawu/shared/auth"
)

// Calibrated is how far a day's estimated waits of a queue held.
type Calibrated struct {
	Queue      string   `json:"queue"`
	Answered   int      `json:"answered" doc:"Contacts that were told a wait and got an agent; what they were told first counts"`
	WithinSoon int      `json:"withinSoon" doc:"Of them, who waited no longer than one in ten was to"`
	WithinLow  int      `json:"withinLow" doc:"Of them, who waited no longer than half were to"`
	WithinHigh int      `json:"withinHigh" doc:"Of them, who waited no longer than nine in ten were to"`
	Inner      *float64 `json:"innerPercent" doc:"withinHigh without withinSoon, of answered: to be 80; null while there are none"`
	Error      float64  `json:"meanErrorSeconds" doc:"How far the wait was from the mean that was expected"`
	LeftLate   int      `json:"leftLate" doc:"Who hung up later than nine in ten were to wait"`
}

type calibrationInput struct {
	Day string `query:"day" format:"date" doc:"UTC; today if absent"`
}

type calibrationOutput struct {
	Body struct {
		Day    string       `json:"day"`
		Queues []Calibrated `json:"queues"`
	}
}

func (d *Desk) registerCalibration(api huma.API) {
	register(d, api, operation{"calibration", http.MethodGet, "/v1/calibration", "How far the estimated waits of a day held", auth.ReadAny, http.StatusOK}, d.calibration)
}

func (d *Desk) calibration(ctx context.Context, who auth.Identity, in *calibrationInput) (*calibrationOutput, error) {
	day := d.now().UTC()
	if in.Day != "" {
		var err error
		if day, err = time.Parse(time.DateOnly, in.Day); err != nil {
			return nil, wrongField("query.day", "expected a date, yyyy-mm-dd")
		}
	}
	queues, err := pace.Calibrate(ctx, d.lists, who.Tenant, day)
	if err != nil {
		return nil, err
	}
	out := &calibrationOutput{}
	out.Body.Day, out.Body.Queues = day.Format(time.DateOnly), []Calibrated{}
	for _, id := range slices.Sorted(maps.Keys(queues)) {
		h := queues[id]
		c := Calibrated{Queue: id, Answered: h.Estimates, WithinSoon: h.WithinSoon, WithinLow: h.WithinLow, WithinHigh: h.WithinHigh,
			Error: math.Round(h.Error.Seconds()*10) / 10, LeftLate: h.LeftLate}
		if share, ok := h.Inner(); ok {
			percent := math.Round(share*1000) / 10
			c.Inner = &percent
		}
		out.Body.Queues = append(out.Body.Queues, c)
	}
	return out, nil
}
