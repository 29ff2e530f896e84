using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Orchestrator.Contracts;

namespace Orchestrator.Grains.Pools;

/// <summary>What a lease token says.</summary>
/// <param name="Job">The job.</param>
/// <param name="Segment">The segment's number.</param>
/// <param name="Lease">Random id of the lease, 32 hex digits.</param>
/// <param name="Worker">Name of the worker it was granted to.</param>
public sealed record LeaseClaims(string Job, int Segment, string Lease, string Worker);

/// <summary>
/// Signs and checks lease tokens: base64url(claims) "." base64url(HMAC-SHA-256). Nothing in a token expires: a result
/// is judged by what it is, not when it comes.
/// </summary>
public sealed class LeaseTokens(byte[] secret)
{
    private const int MaxLength = 2048;

    /// <summary>A new random lease id.</summary>
    public static string NewLease() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>The signed token.</summary>
    public string Sign(LeaseClaims claims)
    {
        string body = Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(claims, WireJson.Options));
        return $"{body}.{Base64Url.EncodeToString(Mac(body))}";
    }

    /// <summary>The claims of a token that this secret signed; false for anything else, never an exception.</summary>
    public bool TryRead(string? token, [NotNullWhen(true)] out LeaseClaims? claims)
    {
        claims = null;
        if (token is null || token.Length > MaxLength || token.IndexOf('.') is var dot && dot <= 0)
        {
            return false;
        }

        try
        {
            string body = token[..dot];
            if (!CryptographicOperations.FixedTimeEquals(Base64Url.DecodeFromChars(token.AsSpan(dot + 1)), Mac(body)))
            {
                return false;
            }

            claims = JsonSerializer.Deserialize<LeaseClaims>(Base64Url.DecodeFromChars(body), WireJson.Options);
            return claims is { Job: not null, Lease: not null, Worker: not null };
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return false;
        }
    }

    private byte[] Mac(string body) => HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(body));
}
