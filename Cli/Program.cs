using Orchestrator.Cli;

var session = new Session
{
    Out = Console.Out,
    Error = Console.Error,
    Time = TimeProvider.System,
    Environment = Environment.GetEnvironmentVariable,
    Terminal = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not ("dumb" or null),
    Connect = (server, key) => throw new NotSupportedException($"{server} {key}"),
};
return await CommandTree.RunAsync(session, args);
