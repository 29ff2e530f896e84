using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Cli.Watching;

/// <summary>Jobs as lines for people.</summary>
internal static class JobLines
{
    private static readonly string[] Names = ["JOB", "NAME", "STATUS", "STEP", "ALGORITHM", "SEARCH", "TIME"];

    /// <summary>One job in a line.</summary>
    public static string Line(JobView job) =>
        $"{job.Id}  {job.Name}  {Status(job)}  step {job.Step} of {job.TotalSteps}  {job.Algorithm}";

    /// <summary>Jobs in columns, under their names; nothing at all where there are none.</summary>
    public static IEnumerable<string> Table(IReadOnlyList<JobView> jobs)
    {
        if (jobs.Count == 0)
        {
            return [];
        }

        string[][] rows =
        [
            Names,
            .. jobs.Select(job => new[]
            {
                job.Id, job.Name, Status(job), $"{job.Step}/{job.TotalSteps}", job.Algorithm, $"{job.Steps.Search}", Duration(job.Seconds),
            }),
        ];
        int[] widths = [.. Enumerable.Range(0, Names.Length).Select(column => rows.Max(row => row[column].Length))];
        return rows.Select(row => string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
    }

    /// <summary>How a job stands, a fact a line.</summary>
    public static string Facts(JobView job)
    {
        StepCounts s = job.Steps;
        var facts = new List<(string Name, string Value)>
        {
            ("job", job.Id),
            ("name", job.Name),
            ("status", Status(job) + (job.Reason is { } why ? $" ({why.Code}: {why.Message})" : "")),
            ("algorithm", job.Algorithm),
            ("step", $"{job.Step} of {job.TotalSteps} of the path{(job.Loss is { } loss ? $", training loss {loss:G4}" : "")}{(job.LearningRate is { } rate ? $", rate {rate:G4}" : "")}"),
            ("steps", $"{StepsText.Of(s)}; final {s.Final}, lost {s.Lost}, reused {s.Reused}"),
            ("segments", string.Join(", ", job.Segments.Where(state => state.Value > 0).OrderBy(state => state.Key).Select(state => $"{state.Value} {state.Key}"))),
            ("time", Duration(job.Seconds)),
        };
        return string.Join(Environment.NewLine, facts.Where(fact => fact.Value.Length > 0).Select(fact => $"{fact.Name,-10} {fact.Value}"));
    }

    /// <summary>E.g. 03:07, or 1:03:07.</summary>
    public static string Duration(double seconds)
    {
        var time = TimeSpan.FromSeconds(seconds);
        return time.TotalHours < 1 ? $"{time:mm\\:ss}" : $"{(long)time.TotalHours}:{time:mm\\:ss}";
    }

    private static string Status(JobView job) => job.Status.ToString().ToLowerInvariant();
}
