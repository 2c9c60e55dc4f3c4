package main

import (
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/snykstream/snykstream/internal/config"
	"github.com/snykstream/snykstream/internal/telemetry"
	"github.com/snykstream/snykstream/server"
	"github.com/snykstream/snykstream/server/demo"
)

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "snykstreamd",
		Short:         "Collects Snyk's audit logs and streams them over gRPC",
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(serve(), tryOut())
	return cmd
}

// version is what the build says of itself.
func version() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	parts := []string{build.Main.Version}
	for _, setting := range build.Settings {
		if setting.Key == "vcs.revision" {
			parts = append(parts, setting.Value)
		}
	}
	return strings.Join(append(parts, build.GoVersion), " ")
}

func serve() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: "Run the server. Every flag is also a variable (--data-dir is SNYKSTREAM_DATA_DIR) and a key of\n" +
			"the file that --config names; a flag wins over a variable, a variable over the file.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load(cmd.Flags(), os.Environ())
			if err != nil {
				return err
			}
			log, err := telemetry.NewLogger(cmd.ErrOrStderr(), cfg.LogFormat, cfg.LogLevel)
			if err != nil {
				return err
			}
			s, err := server.New(cmd.Context(), server.Config{Config: cfg, Log: log})
			if err != nil {
				return err
			}
			return s.Run(cmd.Context())
		},
	}
	config.Flags(cmd.Flags())
	return cmd
}

func tryOut() *cobra.Command {
	cfg := demo.Config{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show it all: a simulated Snyk, a server, a source, and its events as they arrive",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg.Out = cmd.OutOrStdout()
			d, err := demo.New(cfg)
			if err != nil {
				return err
			}
			return d.Run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&cfg.Listen, "listen", "127.0.0.1:7443", "address of the gRPC services")
	cmd.Flags().IntVar(&cfg.History, "history", 2000, "records of history that the simulated Snyk has")
	cmd.Flags().Float64Var(&cfg.Rate, "rate", 1, "live events a second, on average")
	return cmd
}
