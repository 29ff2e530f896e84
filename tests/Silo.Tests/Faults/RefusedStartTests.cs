using System.Net;
using System.Net.Sockets;
using Microsoft.Data.Sqlite;
using Orchestrator.Silo.Storage.Sqlite;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;
using TemporaryFolder = Orchestrator.TestKit.TemporaryFolder;

namespace Orchestrator.Silo.Tests.Faults;

/// <summary>A silo that cannot start as it was told to says why in a line, changes nothing, and exits with 2.</summary>
public sealed class RefusedStartTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Database => _folder.File(Path.Combine("store", "jobs.db"));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("0.0.0.0:0")]
    [InlineData("[::]:0")]
    [InlineData("192.0.2.1:5080")]
    public async Task Beyond_loopback_it_would_need_keys(string address) => await RefusedAsync("keys", "--listen", address);

    [Theory]
    [InlineData("5080")]
    [InlineData("example.com:5080")]
    [InlineData("127.0.0.1:99999")]
    public async Task What_is_no_address_is_refused(string address) => await RefusedAsync("an address and a port", "--listen", address);

    [Theory]
    [InlineData("--lease-seconds", "1")]
    [InlineData("--grace-seconds", "1")]
    [InlineData("--heartbeat-seconds", "0")]
    [InlineData("--lease-seconds", "soon")]
    [InlineData("--sotre", "x")]
    public async Task Options_that_make_no_sense_are_refused(params string[] options) => await RefusedAsync("", options);

    [Fact]
    public async Task A_port_in_use_is_named_with_what_to_do()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        string error = await RefusedAsync($"Port {port} of 127.0.0.1 is in use", "--listen", $"127.0.0.1:{port}");
        Assert.Contains("choose another with --listen", error);
    }

    [Fact]
    public async Task A_second_silo_on_a_store_is_refused_and_the_first_goes_on()
    {
        await using SiloUnderTest first = await SiloUnderTest.StartAsync(_folder.Path);
        string error = await RefusedAsync($"in use by another silo (process {first.Id})");
        Assert.Contains("another --store", error);
        await first.Http.GetAsync("/readyz", Ct).OkAsync();
    }

    [Fact]
    public async Task A_store_of_a_newer_version_is_left_as_it_is()
    {
        string job;
        await using (SiloUnderTest silo = await SiloUnderTest.StartAsync(_folder.Path))
        {
            job = (await JobRun.SubmitAsync(silo, QuadraticJobs.Fixed("default"))).Id;
            await silo.TerminateAsync();
        }

        Sql("PRAGMA user_version = 999");
        byte[] before = await File.ReadAllBytesAsync(Database, Ct);
        string error = await RefusedAsync("has schema version 999");
        Assert.Contains("A newer build wrote it", error);
        Assert.Contains("Nothing was changed", error);
        Assert.Equal(before, await File.ReadAllBytesAsync(Database, Ct));

        Sql($"PRAGMA user_version = {SqliteSchema.Version}");
        await using SiloUnderTest again = await SiloUnderTest.StartAsync(_folder.Path);
        Assert.Equal(job, (await again.Api.GetAsync(job, Ct)).Id);
    }

    [Fact]
    public async Task A_database_of_another_program_is_left_as_it_is()
    {
        Directory.CreateDirectory(_folder.File("store"));
        Sql("CREATE TABLE theirs(x); INSERT INTO theirs VALUES(1)");
        byte[] before = await File.ReadAllBytesAsync(Database, Ct);
        await RefusedAsync("another program");
        Assert.Equal(before, await File.ReadAllBytesAsync(Database, Ct));
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_left_as_it_is()
    {
        Directory.CreateDirectory(_folder.File("store"));
        await File.WriteAllTextAsync(Database, new string('x', 10_000), Ct);
        await RefusedAsync("cannot be opened");
        Assert.Equal(new string('x', 10_000), await File.ReadAllTextAsync(Database, Ct));
    }

    [Theory]
    [InlineData("--store")]
    [InlineData("--blobs")]
    [InlineData("--address-file")]
    public async Task A_place_that_cannot_be_made_is_refused(string option)
    {
        await File.WriteAllTextAsync(_folder.File("file"), "", Ct);
        await RefusedAsync(_folder.File("file"), option, _folder.File(Path.Combine("file", "below")));
    }

    private async Task<string> RefusedAsync(string reason, params string[] options)
    {
        (int code, string error) = await SiloUnderTest.RunToEndAsync(
        [
            .. options.Contains("--store") ? (string[])[] : ["--store", _folder.File("store")],
            .. options.Contains("--blobs") ? (string[])[] : ["--blobs", _folder.File("blobs")],
            .. options.Contains("--listen") ? (string[])[] : ["--listen", "127.0.0.1:0"],
            .. options,
        ]);
        Assert.True(code == 2, $"exit code {code}: {error}");
        Assert.Contains(reason, error);
        Assert.DoesNotContain("   at ", error);
        return error;
    }

    private void Sql(string statement)
    {
        using var connection = new SqliteConnection($"Data Source={Database};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = statement;
        command.ExecuteNonQuery();
    }
}
