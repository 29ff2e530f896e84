using System.CommandLine;
using Orchestrator.Cli.JobFiles;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Cli.Commands;

/// <summary><c>schema</c>: prints the JSON Schema of job files; <c>schema FILE…</c>: checks files.</summary>
internal static class SchemaCommand
{
    public static Command Create(Session session)
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = "Job files to check; without one, the JSON Schema of job files is printed.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        return new Command("schema", "Print the JSON Schema of job files, or check job files.") { files }
            .Does(session, (parsed, _) => Task.FromResult(Run(session, parsed.GetValue(files) ?? [], parsed.GetValue(GlobalOptions.Json))));
    }

    private static int Run(Session session, string[] files, bool json)
    {
        if (files.Length == 0)
        {
            session.Out.Write(JobSchema.Text);
            return ExitCodes.Succeeded;
        }

        List<JobFile> read = [.. files.Select(JobFile.Read)];
        foreach (JobFile file in read)
        {
            foreach (FileProblem problem in file.Problems)
            {
                session.Error.WriteLine(problem);
            }

            if (file.Problems.Count == 0 && !json)
            {
                session.Out.WriteLine($"{file.Path}: valid");
            }
        }

        if (json)
        {
            session.WriteJson(new { files = read.Select(file => new { file = file.Path, valid = file.Problems.Count == 0, problems = file.Problems }) });
        }

        return read.TrueForAll(file => file.Problems.Count == 0) ? ExitCodes.Succeeded : ExitCodes.BadInput;
    }
}
