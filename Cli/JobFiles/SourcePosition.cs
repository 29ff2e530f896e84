namespace Orchestrator.Cli.JobFiles;

/// <summary>A place in a text file, both counted from 1.</summary>
internal readonly record struct SourcePosition(int Line, int Column);
