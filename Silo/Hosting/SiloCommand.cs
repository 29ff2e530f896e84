using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Orchestrator.Contracts.Client;
using Orchestrator.Grains.Pools;

namespace Orchestrator.Silo.Hosting;

/// <summary>The command line of the silo.</summary>
internal static class SiloCommand
{
    /// <summary>Exit code of a silo that cannot start as it was asked to.</summary>
    public const int BadInput = 2;

    public static RootCommand Create()
    {
        var store = new Option<string>("--store") { Description = "Folder of the job store.", DefaultValueFactory = _ => "orchestrator/store" };
        var blobs = new Option<string>("--blobs") { Description = "Folder of the checkpoints.", DefaultValueFactory = _ => "orchestrator/blobs" };
        var listen = new Option<string>("--listen") { Description = "Address to listen on; port 0 takes a free one.", DefaultValueFactory = _ => "127.0.0.1:5080" };
        var addressFile = new Option<string?>("--address-file") { Description = "Write the bound address here when ready." };
        var parent = new Option<int?>("--parent-pid") { Description = "End when this process has ended." };
        var lease = new Option<double>("--lease-seconds") { Description = "Silence after which a segment is offered to others.", DefaultValueFactory = _ => 60 };
        var grace = new Option<double>("--grace-seconds") { Description = "Time after a start in which agents say what they hold.", DefaultValueFactory = _ => 12 };
        var heartbeat = new Option<double>("--heartbeat-seconds") { Description = "How often agents are to be heard.", DefaultValueFactory = _ => 10 };
        var pages = new Option<long?>("--store-max-pages") { Description = "Most pages of 4 KiB the store may take.", Hidden = true };
        var verbose = new Option<bool>("--verbose") { Description = "Log more than warnings." };
        var root = new RootCommand("The control plane: jobs, their searches, and the queue of segments.")
        {
            store, blobs, listen, addressFile, parent, lease, grace, heartbeat, pages, verbose,
        };
        root.SetAction(async (parse, ct) =>
        {
            string address = parse.GetValue(listen)!;
            if (Endpoint(address) is not { } endpoint)
            {
                return Refuse($"--listen {address}: an address and a port are wanted, e.g. 127.0.0.1:5080");
            }

            if (!IPAddress.IsLoopback(endpoint.Address))
            {
                return Refuse($"--listen {address}: beyond loopback a silo needs keys, which are not available yet. Listen on 127.0.0.1, and reach it through a tunnel.");
            }

            var pools = new PoolOptions
            {
                Lease = TimeSpan.FromSeconds(parse.GetValue(lease)),
                Grace = TimeSpan.FromSeconds(parse.GetValue(grace)),
                Heartbeat = TimeSpan.FromSeconds(parse.GetValue(heartbeat)),
            };
            if (pools.Problem() is { } problem)
            {
                return Refuse(problem);
            }

            var settings = new SiloSettings
            {
                Store = parse.GetValue(store)!,
                Blobs = parse.GetValue(blobs)!,
                Listen = endpoint,
                AddressFile = parse.GetValue(addressFile),
                Parent = parse.GetValue(parent),
                Pools = pools,
                MaxPages = parse.GetValue(pages),
                Verbose = parse.GetValue(verbose),
            };
            try
            {
                await SiloHost.RunAsync(settings, ct);
                return 0;
            }
            catch (OrchestratorException e)
            {
                return Refuse(e.Message);
            }
            catch (Exception e) when (e is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }
                or IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException })
            {
                return Refuse($"Port {endpoint.Port.ToString(CultureInfo.InvariantCulture)} of {endpoint.Address} is in use. End what uses it, or choose another with --listen (port 0 takes a free one).");
            }
            catch (SocketException e)
            {
                return Refuse($"--listen {address}: {e.Message}. Choose another address or port (port 0 takes a free one).");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return Refuse(e.Message);
            }
        });
        return root;
    }

    private static IPEndPoint? Endpoint(string address)
    {
        string text = address.StartsWith("http://", StringComparison.Ordinal) ? address["http://".Length..].TrimEnd('/') : address;
        text = text.Replace("localhost", "127.0.0.1", StringComparison.Ordinal);
        return text.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(text, out IPEndPoint? endpoint) ? endpoint : null;
    }

    private static int Refuse(string message)
    {
        Console.Error.WriteLine($"orchestrator-silo: {message}");
        return BadInput;
    }
}
