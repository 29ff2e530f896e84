using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using Orchestrator.Cli.JobFiles;
using Orchestrator.Cli.Local;
using Orchestrator.Cli.Output;
using Orchestrator.Cli.Watching;
using Orchestrator.Contracts.Client;
using Orchestrator.Contracts.Jobs;
using Orchestrator.Contracts.Leases;
using Spectre.Console;

namespace Orchestrator.Cli.Commands;

/// <summary><c>run FILE</c>: everything in one box, one job to its end.</summary>
internal static class RunCommand
{
    private const string OnlyPool = "default";
    private static readonly TimeSpan MostPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    public static Command Create(Session session)
    {
        var file = new Argument<string>("FILE") { Description = "Job file (YAML or JSON)." };
        var output = new Option<string?>("--out") { Description = "Folder for the results; default runs/NAME.", HelpName = "DIR" };
        var slots = new Option<int?>("--slots") { Description = "Segments run at once; default cores / threads. Never changes the result.", HelpName = "N" };
        var data = new Option<string?>("--data") { Description = "Folder of data sets, or several joined by colons (ORCHESTRATOR_DATA).", HelpName = "DIR" };
        var fresh = new Option<bool>("--fresh") { Description = "Start anew: forget what an earlier run left in the folder." };
        return new Command("run", "Start a silo and an agent here, run one job to its end, and leave its results.") { file, output, slots, data, fresh }
            .Does(session, (parsed, ct) => RunAsync(
                session,
                parsed.GetValue(file)!,
                parsed.GetValue(output),
                parsed.GetValue(slots),
                parsed.GetValue(data),
                parsed.GetValue(fresh),
                parsed.GetValue(GlobalOptions.Json),
                ct));
    }

    private static async Task<int> RunAsync(
        Session session, string path, string? output, int? slots, string? data, bool fresh, bool json, CancellationToken ct)
    {
        if (slots < 1)
        {
            throw new BadInputException($"--slots {slots}: at least 1 is wanted");
        }

        JobFile file = JobFile.Read(path);
        if (file.Spec is not { } spec)
        {
            throw new BadInputException(file.Problems);
        }

        if (spec.Resources.Pool != OnlyPool)
        {
            throw new BadInputException([file.Locate(new SpecProblem(
                "/resources/pool", $"found \"{spec.Resources.Pool}\"; `run` has the pool '{OnlyPool}' alone. Use 'submit' for a cluster"))]);
        }

        IReadOnlyList<string> folders = DataFolders.Resolve(session, data);
        string folder = output ?? Path.Combine("runs", spec.Name);
        string state = Path.Combine(folder, "state");
        if (fresh)
        {
            Forget(state, folder);
        }

        (string key, bool first) = Remember(file, state, folder);
        int count = slots ?? Math.Max(1, Environment.ProcessorCount / spec.Trainer.Threads);
        await using var cluster = new LocalCluster(session, Path.GetFullPath(state), count, string.Join(':', folders));
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(ct);
        string command = $"orchestrator run {path}{(data is null ? "" : $" --data {data}")}";
        IJobsApi api;
        JobView job;
        JobResult result;
        try
        {
            Task children = Task.CompletedTask;
            api = await StartingAsync(session, json, async () =>
            {
                Uri server = await cluster.StartAsync(ct);
                IJobsApi started = session.Connect(server, null);
                children = cluster.WatchAsync(server, watching.Token);
                await WhileAsync(children, WaitForWorkerAsync(session, started, watching.Token));
                return started;
            });
            job = await WhileAsync(children, AgainAsync(session, () => SubmitAsync(api, file, key, watching.Token), watching.Token));
            first = false;
            await WhileAsync(children, JobWatcher.WatchAsync(session, api, job.Id, json, () => cluster.LastNote, watching.Token));
            result = await WhileAsync(
                children, AgainAsync(session, () => ResultFiles.WriteAsync(api, job.Id, folder, command, watching.Token), watching.Token));
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // On a terminal the picture's last line is still open, with ^C on it.
            await session.Error.WriteLineAsync($"{(session.Terminal && !json ? Environment.NewLine : "")}Stopped. Nothing is lost: the same command goes on from here.");
            return ExitCodes.JobFailed;
        }
        catch (Exception refused) when (first && refused is BadInputException or ApiException)
        {
            // Nothing began: the folder is not bound to this file, which is going to be mended.
            File.Delete(Path.Combine(state, "job"));
            throw;
        }
        finally
        {
            await watching.CancelAsync();
        }

        return Conclude(session, result, folder, json);
    }

    /// <summary>An earlier run's state, and its results too: they would pass for this run's if it ended without any.</summary>
    private static void Forget(string state, string folder)
    {
        if (Directory.Exists(state))
        {
            Directory.Delete(state, recursive: true);
        }

        foreach (string file in ResultFiles.Names.Select(name => Path.Combine(folder, name)).Where(File.Exists))
        {
            File.Delete(file);
        }
    }

    /// <summary>Keeps what the folder's state belongs to; refuses another job in it.</summary>
    /// <returns>The job's key, and whether the folder was nobody's before.</returns>
    private static (string Key, bool First) Remember(JobFile file, string state, string folder)
    {
        byte[] canonical = CanonicalJson.Write(System.Text.Json.Nodes.JsonNode.Parse(file.Root.GetRawText()));
        string key = Convert.ToHexStringLower(SHA256.HashData(canonical));
        string remembered = Path.Combine(state, "job");
        string owner = File.Exists(remembered) ? File.ReadAllText(remembered).Trim() : "";
        bool first = owner.Length == 0;
        if (!first && owner != key)
        {
            throw new BadInputException($"{folder} holds the state of another job: the job file was changed since. Use --fresh to forget that state, or --out for another folder.");
        }

        if (first)
        {
            // All of it or nothing: half a key would be another job's.
            Directory.CreateDirectory(state);
            File.WriteAllText(remembered + ".tmp", key + "\n", new UTF8Encoding(false));
            File.Move(remembered + ".tmp", remembered, overwrite: true);
        }

        return (key, first);
    }

    /// <summary>Says on a terminal that something is going on, until there is a job to show.</summary>
    private static Task<T> StartingAsync<T>(Session session, bool json, Func<Task<T>> start) => session.Terminal && !json
        ? AnsiConsole.Status().StartAsync("starting a silo, an agent and its trainers…", _ => start())
        : start();

    /// <summary>Does something while the children live; what goes wrong with them ends it.</summary>
    private static async Task WhileAsync(Task children, Task done)
    {
        await Task.WhenAny(children, done);
        await (done.IsCompleted ? done : children);
    }

    /// <inheritdoc cref="WhileAsync(Task, Task)"/>
    private static async Task<T> WhileAsync<T>(Task children, Task<T> done)
    {
        await WhileAsync(children, (Task)done);
        return await done;
    }

    /// <summary>Makes a call until it is answered: a silo of this command's own that was killed is started again.</summary>
    private static async Task<T> AgainAsync<T>(Session session, Func<Task<T>> call, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                return await call();
            }
            catch (ServerUnreachableException)
            {
                await Task.Delay(Look, session.Time, ct);
            }
        }
    }

    /// <summary>Until the agent has registered a submission cannot be checked against what it offers.</summary>
    private static async Task WaitForWorkerAsync(Session session, IJobsApi api, CancellationToken ct)
    {
        long began = session.Time.GetTimestamp();
        while (session.Time.GetElapsedTime(began) < MostPatience)
        {
            try
            {
                if ((await api.WorkersAsync(ct: ct)).Items.Any(worker => worker.Pool == OnlyPool))
                {
                    return;
                }
            }
            catch (ServerUnreachableException)
            {
                // It is being started again.
            }

            await Task.Delay(Look, session.Time, ct);
        }
    }

    private static async Task<JobView> SubmitAsync(IJobsApi api, JobFile file, string key, CancellationToken ct)
    {
        try
        {
            return await api.SubmitAsync(file.Root, key, ct);
        }
        catch (ApiException refused) when (refused.Problems.Count > 0)
        {
            List<FileProblem> problems = [.. refused.Problems.Select(file.Locate)];
            throw new BadInputException(problems);
        }
    }

    private static int Conclude(Session session, JobResult result, string folder, bool json)
    {
        if (json)
        {
            session.WriteJsonLine(result);
        }
        else if (result.Status == JobStatus.Succeeded)
        {
            session.Out.WriteLine($"{result.Name}: {string.Join(", ", result.Metrics.Select(m => $"{m.Key} {m.Value:G4}"))}");
            session.Out.WriteLine($"steps: {StepsText.Of(result.Steps)}");
            session.Out.WriteLine($"time: {result.Seconds.Wall:F1} s of wall time, {result.Seconds.Trainer:F1} trainer-seconds");
            session.Out.WriteLine($"left in {folder}: result.json, schedule.csv, model.safetensors, report.html");
        }
        else
        {
            session.Error.WriteLine($"{result.Name} {result.Status.ToString().ToLowerInvariant()}: {result.Error?.Message}");
        }

        return result.Status == JobStatus.Succeeded ? ExitCodes.Succeeded : ExitCodes.JobFailed;
    }
}
