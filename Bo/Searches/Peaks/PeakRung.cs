namespace Orchestrator.Bo.Searches.Peaks;

/// <summary>A round of trials of equal length.</summary>
/// <param name="Count">How many peaks are tried in it, at least 1.</param>
/// <param name="Steps">Length of each trial; the last rung's is that of the whole training.</param>
public sealed record PeakRung(int Count, long Steps);
