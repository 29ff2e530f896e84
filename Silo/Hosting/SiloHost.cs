using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Orchestrator.Contracts;
using Orchestrator.Grains.Jobs;
using Orchestrator.Grains.Pools;
using Orchestrator.Grains.Storage;
using Orchestrator.Silo.Api;
using Orchestrator.Silo.Auth;
using Orchestrator.Silo.Metrics;
using Orchestrator.Silo.Storage;
using Orchestrator.Silo.Storage.Files;
using Orchestrator.Silo.Storage.Sqlite;
using Orleans.Configuration;
using Orleans.Serialization;
using Prometheus;

namespace Orchestrator.Silo.Hosting;

/// <summary>Puts the silo together: stores, grains, HTTP.</summary>
internal static class SiloHost
{
    /// <summary>Runs until it is told to stop.</summary>
    public static async Task RunAsync(SiloSettings settings, CancellationToken ct)
    {
        Prepare(settings);
        var metrics = new SiloMetrics();
        using var store = new SqliteJobStore(new SqliteStoreOptions { Folder = settings.Store, MaxPages = settings.MaxPages }, metrics, TimeProvider.System);
        var blobs = new DirectoryBlobStore(settings.Blobs);
        var tokens = new LeaseTokens(await store.SecretAsync("lease-tokens", ct));

        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        builder.Logging.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Logging.SetMinimumLevel(settings.Verbose ? LogLevel.Information : LogLevel.Warning);

        // At every start they warn of a choice that was made (the garbage collector) and of a clock that has just begun.
        builder.Logging.AddFilter("Orleans.Runtime.Silo", LogLevel.Error);
        builder.Logging.AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(settings.Listen);
            kestrel.Limits.MaxRequestBodySize = RequestLimits.UserBody;
            kestrel.AddServerHeader = false;
        });
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(settings.Pools);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<IJobStore>(store);
        builder.Services.AddSingleton<IStoreProbe>(store);
        builder.Services.AddSingleton<IBlobStore>(blobs);
        builder.Services.AddSingleton(tokens);
        builder.Services.AddSingleton<IJobMetrics>(metrics);
        builder.Services.AddSingleton<IStoreMetrics>(metrics);
        builder.Services.AddOpenApi("v1");
        builder.Services.AddProblemDetails();
        // A request that cannot be read is answered like every other refusal, with its reason, not with an empty 400.
        builder.Services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        builder.Services.ConfigureHttpJsonOptions(json => WireHttp.Configure(json.SerializerOptions));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(10));
        builder.UseOrleans(silo => ConfigureOrleans(silo));

        // After Orleans: services start in this order, and these call grains.
        builder.Services.AddHostedService<JobWaker>();
        builder.Services.AddHostedService<ParentService>();
        builder.Services.AddHostedService<PoolMetrics>();

        await using WebApplication app = builder.Build();
        app.UseMiddleware<LocalRequestsOnly>();
        app.UseMiddleware<ProblemAnswers>();
        app.MapJobs();
        app.MapJobData();
        app.MapEvents();
        app.MapWorkers();
        app.MapBlobs();
        app.MapHealth();
        app.MapOpenApi();
        app.MapMetrics();
        app.MapFallback("{*path}", (HttpContext http) => Problems.NotFound($"There is nothing at {http.Request.Path}. The API is described at /openapi/v1.json."));
        await app.StartAsync(ct);
        Announce(app, settings);
        await app.WaitForShutdownAsync(ct);
    }

    /// <summary>What can be seen to fail fails before anything is started, with a line that says what it is.</summary>
    /// <exception cref="SocketException">The address cannot be listened on.</exception>
    /// <exception cref="IOException">There is no place for the address file.</exception>
    private static void Prepare(SiloSettings settings)
    {
        if (settings.AddressFile is { } file)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        }

        using var listener = new TcpListener(settings.Listen);
        listener.Start();
    }

    /// <summary>One silo on loopback: no gateway, since there is no Orleans client at all.</summary>
    private static void ConfigureOrleans(ISiloBuilder silo)
    {
        silo.UseLocalhostClustering(siloPort: FreePort(), gatewayPort: 0, serviceId: "orchestrator", clusterId: "local");
        silo.Configure<EndpointOptions>(endpoint =>
        {
            endpoint.AdvertisedIPAddress = IPAddress.Loopback;
            endpoint.GatewayPort = 0;
        });
        silo.Configure<SiloMessagingOptions>(messaging => messaging.CancelRequestOnTimeout = true);
        silo.Configure<GrainCollectionOptions>(collection => collection.CollectionAge = TimeSpan.FromMinutes(15));
        // Store failures keep their type across calls: the API answers "come again" to them, and agents keep their results.
        silo.Configure<ExceptionSerializationOptions>(exceptions => exceptions.SupportedNamespacePrefixes.Add("Orchestrator"));
        silo.Services.AddSerializer(serializer => serializer.AddJsonSerializer(
            isSupported: static type => type.Namespace?.StartsWith("Orchestrator.", StringComparison.Ordinal) == true && !type.IsSubclassOf(typeof(Exception)),
            WireJson.Options));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static void Announce(WebApplication app, SiloSettings settings)
    {
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        if (settings.AddressFile is { } file)
        {
            File.WriteAllText(file + ".tmp", address);
            File.Move(file + ".tmp", file, overwrite: true);
        }

        Console.Error.WriteLine($"orchestrator-silo: listening on {address}");
    }
}
