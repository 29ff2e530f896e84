using System.CommandLine;
using Orchestrator.Cli.JobFiles;
using Orchestrator.Cli.Watching;
using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Cli.Commands;

/// <summary>The commands that ask a server about jobs, or tell it what to do with them.</summary>
internal static class RemoteCommands
{
    private const int MostListed = 500;

    /// <summary>submit, list, show, watch, logs, pause, resume, cancel, export.</summary>
    public static IEnumerable<Command> Create(Session session) =>
    [
        Submit(session),
        List(session),
        Show(session),
        OfJob(session, "watch", "Show a job until it has ended.", async (api, job, json, ct) => Exit(session, await JobWatcher.WatchAsync(session, api, job, json, ct: ct), json)),
        Logs(session),
        Control(session, "pause", "Start no new segment of a job until it is resumed.", (api, job, ct) => api.PauseAsync(job, ct)),
        Control(session, "resume", "Let a paused job go on.", (api, job, ct) => api.ResumeAsync(job, ct)),
        Control(session, "cancel", "End a job; what it found so far stays.", (api, job, ct) => api.CancelAsync(job, ct)),
        Export(session),
    ];

    private static Command Submit(Session session)
    {
        var path = new Argument<string>("FILE") { Description = "Job file (YAML or JSON)." };
        var wait = new Option<bool>("--wait") { Description = "Show it until it has ended; the exit code says how." };
        return new Command("submit", "Submit a job to a server.") { path, wait }.Remote().Does(session, async (parsed, ct) =>
        {
            JobFile file = JobFile.Read(parsed.GetValue(path)!);
            if (file.Problems.Count > 0)
            {
                throw new BadInputException(file.Problems);
            }

            IJobsApi api = GlobalOptions.Connect(session, parsed);
            JobView job = await LocatedAsync(file, () => api.SubmitAsync(file.Root, ct: ct));
            bool json = parsed.GetValue(GlobalOptions.Json);
            Print(session, json, job, job.Id);
            return parsed.GetValue(wait) ? Exit(session, await JobWatcher.WatchAsync(session, api, job.Id, json, ct: ct), json) : ExitCodes.Succeeded;
        });
    }

    private static Command List(Session session)
    {
        var status = new Option<JobStatus?>("--status") { Description = "Only jobs that stand so.", HelpName = "STATUS" };
        return new Command("list", "List jobs, newest first.") { status }.Remote().Does(session, async (parsed, ct) =>
        {
            Page<JobView> page = await GlobalOptions.Connect(session, parsed).ListAsync(parsed.GetValue(status), MostListed, ct: ct);
            if (parsed.GetValue(GlobalOptions.Json))
            {
                session.WriteJson(page);
                return ExitCodes.Succeeded;
            }

            foreach (string line in JobLines.Table(page.Items))
            {
                session.Out.WriteLine(line);
            }

            if (page.Next is not null)
            {
                session.Error.WriteLine($"The newest {MostListed} are shown; narrow them with --status.");
            }

            return ExitCodes.Succeeded;
        });
    }

    private static Command Show(Session session) => OfJob(session, "show", "Show how a job stands.", async (api, id, json, ct) =>
    {
        JobView job = await api.GetAsync(id, ct);
        Print(session, json, job, JobLines.Facts(job));
        return ExitCodes.Succeeded;
    });

    private static Command Logs(Session session)
    {
        var segment = new Argument<string>("SEGMENT") { Description = "A segment, as JOB/NUMBER; or a job: its segments are listed." };
        return new Command("logs", "Print what the trainer of a segment wrote.") { segment }.Remote().Does(session, async (parsed, ct) =>
        {
            IJobsApi api = GlobalOptions.Connect(session, parsed);
            string id = parsed.GetValue(segment)!;
            bool json = parsed.GetValue(GlobalOptions.Json);
            if (id.Contains('/', StringComparison.Ordinal))
            {
                string log = await api.LogAsync(id, ct);
                Print(session, json, new { segment = id, log }, log);
                return ExitCodes.Succeeded;
            }

            string? cursor = null;
            do
            {
                Page<SegmentView> page = await api.SegmentsAsync(id, MostListed, cursor, ct);
                foreach (SegmentView one in page.Items)
                {
                    if (json)
                    {
                        session.WriteJsonLine(one);
                    }
                    else
                    {
                        session.Out.WriteLine($"{one.Id}  {one.State}  {one.Role}  steps {one.Start}–{one.Start + one.Steps}  rate {one.Rate:G4}  {one.Failure}".TrimEnd());
                    }
                }

                cursor = page.Next;
            }
            while (cursor is not null);
            return ExitCodes.Succeeded;
        });
    }

    private static Command Export(Session session)
    {
        var job = new Argument<string>("JOB") { Description = "Its id." };
        var format = new Option<string>("--format") { Description = "json, csv, pytorch or optax.", HelpName = "FORMAT", DefaultValueFactory = _ => "json" };
        return new Command("export", "Print a job's schedule for use elsewhere.") { job, format }.Remote().Does(session, async (parsed, ct) =>
        {
            string wanted = parsed.GetValue(format)!;
            string text = wanted switch
            {
                "json" or "csv" or "pytorch" => await GlobalOptions.Connect(session, parsed).ScheduleAsync(parsed.GetValue(job)!, wanted, ct),
                "optax" => throw new BadInputException("--format optax is not available yet; json, csv and pytorch are"),
                _ => throw new BadInputException($"--format: found '{wanted}'; json, csv or pytorch is wanted"),
            };
            if (parsed.GetValue(GlobalOptions.Json) && wanted != "json")
            {
                session.WriteJson(new { format = wanted, text });
            }
            else
            {
                session.Out.WriteLine(text.TrimEnd());
            }

            return ExitCodes.Succeeded;
        });
    }

    private static Command Control(Session session, string name, string description, Func<IJobsApi, string, CancellationToken, Task<JobView>> act) =>
        OfJob(session, name, description, async (api, id, json, ct) =>
        {
            JobView job = await act(api, id, ct);
            Print(session, json, job, JobLines.Line(job));
            return ExitCodes.Succeeded;
        });

    private static Command OfJob(Session session, string name, string description, Func<IJobsApi, string, bool, CancellationToken, Task<int>> body)
    {
        var job = new Argument<string>("JOB") { Description = "Its id." };
        return new Command(name, description) { job }.Remote().Does(
            session, (parsed, ct) => body(GlobalOptions.Connect(session, parsed), parsed.GetValue(job)!, parsed.GetValue(GlobalOptions.Json), ct));
    }

    /// <summary>What the server finds wrong stands in the file: says where.</summary>
    private static async Task<JobView> LocatedAsync(JobFile file, Func<Task<JobView>> submit)
    {
        try
        {
            return await submit();
        }
        catch (ApiException refused) when (refused.Problems.Count > 0)
        {
            throw new BadInputException([.. refused.Problems.Select(file.Locate)]);
        }
    }

    private static int Exit(Session session, JobView ended, bool json)
    {
        if (ended.Status == JobStatus.Succeeded)
        {
            if (!json)
            {
                session.Out.WriteLine($"steps: {StepsText.Of(ended.Steps)}");
            }

            return ExitCodes.Succeeded;
        }

        session.Error.WriteLine($"{ended.Name} {ended.Status.ToString().ToLowerInvariant()}: {ended.Reason?.Message}");
        return ExitCodes.JobFailed;
    }

    private static void Print<T>(Session session, bool json, T value, string text)
    {
        if (json)
        {
            session.WriteJsonLine(value);
        }
        else
        {
            session.Out.WriteLine(text);
        }
    }
}
