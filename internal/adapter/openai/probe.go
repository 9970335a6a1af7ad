package openai

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"softphone/internal/phone/assist"
	"softphone/internal/protocol/realtime"
)

// maxList bounds the list of models: a few hundred of some 100 bytes.
const maxList = 1 << 20

// Probe tests the account without cost: the key opens the list of models, and the
// list has those that are set. Its error is an *assist.Fault.
func (a *Account) Probe(ctx context.Context) error {
	if a.cfg.Key == "" {
		return notConfigured()
	}
	models, err := a.models(ctx)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, m := range models.Data {
		known[m.ID] = true
	}
	for _, wanted := range []string{a.cfg.Model, a.cfg.Transcriber} {
		if !known[wanted] {
			return &assist.Fault{Reason: assist.Model, Fatal: true, Err: fmt.Errorf("account has no model %s", wanted)}
		}
	}
	return nil
}

func (a *Account) models(ctx context.Context) (realtime.Models, error) {
	var models realtime.Models
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.restURL("models"), http.NoBody)
	if err != nil {
		return models, fmt.Errorf("ask for models: %w", err)
	}
	request.Header = a.header()
	response, err := a.cfg.Client.Do(request)
	if err != nil {
		return models, &assist.Fault{Reason: assist.Unreachable, Err: err}
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return models, refused(response)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxList)).Decode(&models); err != nil {
		return models, &assist.Fault{Reason: assist.Unreachable, Err: fmt.Errorf("read models: %w", err)}
	}
	return models, nil
}

// refused reads a refusal: its code where it has one we know, else its status.
func refused(response *http.Response) *assist.Fault {
	var body realtime.APIError
	err := json.NewDecoder(io.LimitReader(response.Body, maxList)).Decode(&body)
	if code := body.Error.CodeName(); err == nil && reasonOf(code) != assist.Unreachable {
		return faultOfCode(code, &body.Error)
	}
	return faultOfStatus(response.StatusCode, fmt.Errorf("models answered %s", response.Status))
}
