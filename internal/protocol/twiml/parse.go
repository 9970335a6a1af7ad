package twiml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Codes of Twilio's debugger for documents ("Error and Warning Dictionary").
const (
	CodeTooLong = 11750 // the document has more than 64 kB
	CodeParse   = 12100 // not XML
	CodeSchema  = 12200 // XML, but not TwiML
)

// Error says what is wrong with a document, and where.
type Error struct {
	Code   int
	Line   int
	Column int
	Reason string
}

func (e *Error) Error() string {
	return fmt.Sprintf("TwiML line %d, column %d: %s (%d)", e.Line, e.Column, e.Reason, e.Code)
}

// Parse reads a document. It is stricter than Twilio, which only warns about a
// verb or an attribute it does not know: here they are errors, so that one's
// own mistakes surface. All errors are *Error.
func Parse(document []byte) (Response, error) {
	if len(document) > MaxDocument {
		return Response{}, &Error{CodeTooLong, 1, 1, fmt.Sprintf("more than %d bytes", MaxDocument)}
	}
	p := &parser{d: xml.NewDecoder(bytes.NewReader(document))}
	if err := p.prolog(document); err != nil {
		return Response{}, err
	}
	r, err := p.response()
	if err != nil {
		return Response{}, err
	}
	return r, p.epilog()
}

// parser reads the tokens of one document. Every method that reads an element
// is called after its start tag and returns after its end tag.
type parser struct {
	d *xml.Decoder
}

func (p *parser) fail(code int, format string, args ...any) error {
	line, column := p.d.InputPos()
	return &Error{code, line, column, fmt.Sprintf(format, args...)}
}

// token returns the next token that means something. Comments do not, and
// neither does the XML declaration; a document type would bring entities.
func (p *parser) token() (xml.Token, error) {
	for {
		t, err := p.d.Token()
		if err != nil {
			return nil, p.syntax(err)
		}
		switch t := t.(type) {
		case xml.Comment, xml.ProcInst:
		case xml.Directive:
			return nil, p.fail(CodeParse, "a document type is not allowed")
		default:
			return t, nil
		}
	}
}

func (p *parser) syntax(err error) error {
	var s *xml.SyntaxError
	switch {
	case errors.Is(err, io.EOF):
		return p.fail(CodeParse, "the document ends too early")
	case errors.As(err, &s):
		return p.fail(CodeParse, "%s", s.Msg)
	}
	return p.fail(CodeParse, "%v", err)
}

func (p *parser) prolog(document []byte) error {
	if !utf8.Valid(document) {
		return p.fail(CodeParse, "not UTF-8")
	}
	return nil
}

func (p *parser) response() (Response, error) {
	start, err := p.child("the document")
	if err != nil {
		return Response{}, err
	}
	if start == nil || start.Name.Local != "Response" {
		return Response{}, p.fail(CodeSchema, "the root must be Response")
	}
	if err := p.attributes(start, nil); err != nil {
		return Response{}, err
	}
	return p.verbs()
}

func (p *parser) verbs() (Response, error) {
	var r Response
	for {
		start, err := p.child("Response")
		if err != nil || start == nil {
			return r, err
		}
		v, err := p.verb(start)
		if err != nil {
			return r, err
		}
		r.Verbs = append(r.Verbs, v)
	}
}

// child returns the next child's start tag, nil when the parent ends. Between
// children only white space may stand.
func (p *parser) child(parent string) (*xml.StartElement, error) {
	for {
		t, err := p.token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			return &t, p.plainName(t.Name)
		case xml.EndElement:
			return nil, nil
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return nil, p.fail(CodeSchema, "text is not allowed in %s", parent)
			}
		}
	}
}

func (p *parser) plainName(n xml.Name) error {
	if n.Space != "" {
		return p.fail(CodeSchema, "name space %q is not allowed", n.Space)
	}
	return nil
}

// body reads the text of an element that has no children.
func (p *parser) body(name string) (string, error) {
	var b strings.Builder
	for {
		t, err := p.token()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.EndElement:
			return b.String(), nil
		case xml.StartElement:
			return "", p.fail(CodeSchema, "%s is not allowed in %s", t.Name.Local, name)
		case xml.CharData:
			b.Write(t)
		}
	}
}

// empty reads to the end of an element that has neither text nor children.
func (p *parser) empty(name string) error {
	start, err := p.child(name)
	if err != nil {
		return err
	}
	if start != nil {
		return p.fail(CodeSchema, "%s is not allowed in %s", start.Name.Local, name)
	}
	return nil
}

func (p *parser) epilog() error {
	for {
		t, err := p.d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return p.syntax(err)
		}
		if data, ok := t.(xml.CharData); ok && len(bytes.TrimSpace(data)) == 0 {
			continue
		}
		if _, ok := t.(xml.Comment); !ok {
			return p.fail(CodeParse, "something follows the Response")
		}
	}
}
