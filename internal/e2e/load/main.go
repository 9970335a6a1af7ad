// Command load measures what a bridged call costs: the real adapters and the
// bridge in a process of their own on one core, and on another the load, which
// plays Twilio and the agents' browsers. It prints a table beside a plain
// WebSocket relay measured in the same minute, because figures of one machine
// mean little on another and ratios mean more.
//
//	go run ./internal/e2e/load [--calls 100,200,300] [--seconds 8]
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

func main() {
	role := flag.String("role", "", "server or generator; empty starts both")
	address := flag.String("server", "", "the server, for the generator")
	calls := flag.String("calls", "100,200,300,400,500,600", "how many calls at once, in steps")
	seconds := flag.Int("seconds", 8, "length of a measurement")
	profile := flag.String("profile", "", "file for a CPU profile of the server")
	flag.Parse()
	var err error
	switch *role {
	case "server":
		err = serve(*profile)
	case "generator":
		err = generate(*address, steps(*calls), time.Duration(*seconds)*time.Second)
	default:
		err = orchestrate(*calls, *seconds, *profile)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func steps(list string) (counts []int) {
	for _, s := range strings.Split(list, ",") {
		if n, err := strconv.Atoi(s); err == nil && n > 0 {
			counts = append(counts, n)
		}
	}
	return counts
}

// orchestrate starts the server on the first core and the generator on the
// second, so that neither takes time from the other.
func orchestrate(calls string, seconds int, profile string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	server := pinned(ctx, "0", "--role=server", "--profile="+profile)
	stop, err := server.StdinPipe() // the server ends when it is closed
	if err != nil {
		return err
	}
	out, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("start server (taskset is needed): %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("server did not say its address: %w", err)
	}
	generator := pinned(ctx, "1", "--role=generator", "--server="+strings.TrimSpace(line),
		"--calls="+calls, "--seconds="+strconv.Itoa(seconds))
	results, err := generator.StdoutPipe()
	if err != nil {
		return err
	}
	if err := generator.Start(); err != nil {
		return fmt.Errorf("start generator: %w", err)
	}
	if err := report(results); err != nil {
		return err
	}
	if err := generator.Wait(); err != nil {
		return fmt.Errorf("generator: %w", err)
	}
	if err := stop.Close(); err != nil {
		return err
	}
	return server.Wait()
}

func pinned(ctx context.Context, core string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "taskset", append([]string{"-c", core, os.Args[0]}, args...)...)
	c.Stderr = os.Stderr
	return c
}

// report prints each result as it comes.
func report(results io.Reader) error {
	fmt.Println("| load | calls | server CPU a call | of the relay | memory a call | p50 | p99 | frames dropped and lost | generator's own CPU |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	var relay, last float64
	held := 0
	d := json.NewDecoder(results)
	for {
		var r result
		if err := d.Decode(&r); err == io.EOF {
			fmt.Printf("\nBy CPU alone a core holds %.0f calls; %d were measured with a p99 of at most 20 ms.\n", 100/last, held)
			return nil
		} else if err != nil {
			return fmt.Errorf("read results: %w", err)
		}
		cpu := 100 * r.CPU / float64(r.Calls)
		if r.Load == "relay" {
			relay = cpu
		}
		if !r.Valid {
			fmt.Printf("| %s | %d | the load did not get through |\n", r.Load, r.Calls)
			continue
		}
		if last = cpu; r.Load == "call" && r.P99 <= 20*time.Millisecond {
			held = r.Calls
		}
		fmt.Printf("| %s | %d | %.3f %% of a core | %.1f x | %s | %s | %s | %d and %d | %.0f %% |\n", r.Load, r.Calls, cpu, cpu/relay,
			kilobytes(r.Memory), millis(r.P50), millis(r.P99), r.Dropped, r.Lost, 100*r.Own)
	}
}

func kilobytes(n float64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f kB", n/1e3)
}

func millis(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/1e6) }
