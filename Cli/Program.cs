using Orchestrator.Cli;
using Orchestrator.Contracts.Client;

var session = new Session
{
    Out = Console.Out,
    Error = Console.Error,
    Time = TimeProvider.System,
    Environment = Environment.GetEnvironmentVariable,
    Terminal = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not ("dumb" or null),
    Connect = static (server, key) => new HttpJobsApi(server, key),
};
return await CommandTree.RunAsync(session, args);
