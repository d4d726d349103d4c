%% @private Where a server listens, by its name.
%%
%% Clients write one address in several ways: guides/sharing-a-pool.md has them.
-module(ketama_address).

-export([parse/1]).

-define(PORT, 11211).

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
    %% Java writes a name, a slash and an address; the name may be empty.
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

%% `unix:///path' is the path of a URL.
drop_slashes("//" ++ Path) -> Path;
drop_slashes(Path) -> Path.

%% libmemcached's sockets have the port 0.
local(Path) ->
    case lists:reverse(Path) of
        "0:" ++ Reversed -> {{local, lists:reverse(Reversed)}, 0};
        _ -> {{local, Path}, 0}
    end.

address("[" ++ Rest) ->
    case string:split(Rest, "]") of
        [Host, ""] -> {ip(Host), ?PORT};
        [Host, ":" ++ Port] -> {ip(Host), port(Port)};
        _ -> error(badarg)
    end;
address(Address) ->
    case inet:parse_ipv6strict_address(Address) of
        {ok, Host} -> {Host, ?PORT};
        {error, einval} -> host_and_port(string:split(Address, ":", trailing))
    end.

host_and_port([Host]) -> {host(Host), ?PORT};
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
