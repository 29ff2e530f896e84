using System.CommandLine;
using Orchestrator.Cli.JobFiles;
using Orchestrator.Contracts.Client;

namespace Orchestrator.Cli;

/// <summary>Runs a command's body and turns what it throws into a message for people and an exit code.</summary>
internal static class CommandAction
{
    /// <summary>Sets the body of a command.</summary>
    public static Command Does(this Command command, Session session, Func<ParseResult, CancellationToken, Task<int>> body)
    {
        command.SetAction((parsed, ct) => RunAsync(session, parsed, body, ct));
        return command;
    }

    private static async Task<int> RunAsync(
        Session session,
        ParseResult parsed,
        Func<ParseResult, CancellationToken, Task<int>> body,
        CancellationToken ct)
    {
        bool json = parsed.GetValue(GlobalOptions.Json);
        try
        {
            return await body(parsed, ct);
        }
        catch (BadInputException refused)
        {
            return Refuse(session, json, refused.Message, refused.Problems);
        }
        catch (ApiException refused)
        {
            var places = refused.Problems
                .Select(problem => new FileProblem("job", 1, SourceMap.Readable(problem.Pointer), problem.Message))
                .ToList();
            string message = places.Count == 0 ? refused.Message : string.Join(Environment.NewLine, places.Select(p => $"{p.Key}: {p.Message}"));
            return Refuse(session, json, message, places);
        }
        catch (ServerUnreachableException unreachable)
        {
            string message = $"{unreachable.Message}{Environment.NewLine}Start one with 'orchestrator serve', or name another with --server.";
            Refuse(session, json, message, []);
            return ExitCodes.Unreachable;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return ExitCodes.JobFailed;
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            return Refuse(session, json, unwritable.Message, []);
        }
    }

    private static int Refuse(Session session, bool json, string message, IReadOnlyList<FileProblem> problems)
    {
        session.Error.WriteLine(message);
        if (json)
        {
            session.WriteJson(new Refusal(message, problems));
        }

        return ExitCodes.BadInput;
    }

    /// <summary>A refusal as --json prints it.</summary>
    private sealed record Refusal(string Error, IReadOnlyList<FileProblem> Problems);
}
