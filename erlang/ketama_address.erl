%% @private Reads host and port, or the path of a socket, from a server's name.
%%
%% Clients write the same address in several ways: see guides/sharing-a-pool.md.
-module(ketama_address).

-export([parse/1]).

-define(DEFAULT_PORT, 11211).

-spec parse(iodata()) ->
    {inet:hostname() | inet:ip_address() | {local, file:filename_all()}, inet:port_number()}.
parse(Server) ->
    case unicode:characters_to_list(iolist_to_binary(Server)) of
        Name when is_list(Name) -> name(Name);
        _ -> error(badarg, [Server])
    end.

name("unix:" ++ Path) ->
    local(drop_slashes(Path));
name("/" ++ Address = Path) ->
    %% Java's clients write a host name, a slash and an address; the host name may be empty.
    try address(Address) of
        {Host, Port} when is_tuple(Host) -> {Host, Port};
        {Host, Port} ->
            case inet:parse_ipv4strict_address(Host) of
                {ok, _} -> {Host, Port};
                {error, einval} -> local(Path)
            end
    catch
        error:badarg -> local(Path)
    end;
name(Name) ->
    case string:split(Name, "/") of
        [_Host, Address] -> address(Address);
        [Address] -> address(Address)
    end.

%% A socket may be written as a URL, `unix:///path'.
drop_slashes("//" ++ Path) -> Path;
drop_slashes(Path) -> Path.

%% libmemcached writes the port 0 after the path of a socket, twemproxy the colon alone.
local(Path) ->
    case lists:reverse(Path) of
        "0:" ++ Reversed -> {{local, lists:reverse(Reversed)}, 0};
        ":" ++ Reversed -> {{local, lists:reverse(Reversed)}, 0};
        _ -> {{local, Path}, 0}
    end.

address("[" ++ Rest) ->
    case string:split(Rest, "]") of
        [Host, ""] -> {ip(Host), ?DEFAULT_PORT};
        [Host, ":" ++ Port] -> {ip(Host), port(Port)};
        _ -> error(badarg)
    end;
address(Address) ->
    case inet:parse_ipv6strict_address(Address) of
        {ok, Host} ->
            %% `::1:8080' may be an address, and an address and a port.
            Before = lists:droplast(string:split(Address, ":", trailing)),
            inet:parse_ipv6strict_address(lists:append(Before)) =:= {error, einval} orelse error(badarg),
            {Host, ?DEFAULT_PORT};
        {error, einval} ->
            host_and_port(string:split(Address, ":", trailing))
    end.

host_and_port([Host]) -> {host(Host), ?DEFAULT_PORT};
host_and_port([Host, Port]) -> {host(Host), port(Port)}.

host("") ->
    error(badarg);
host(Host) ->
    case lists:member($:, Host) of
        true -> ip(Host);
        false -> Host
    end.

ip(Host) ->
    case inet:parse_ipv6strict_address(Host) of
        {ok, Address} -> Address;
        {error, einval} -> error(badarg)
    end.

port(Digits) ->
    case string:to_integer(Digits) of
        {Port, ""} when Port >= 0, Port =< 65535 -> Port;
        _ -> error(badarg)
    end.
