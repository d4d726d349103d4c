%% @private Makes continua of their sources: a servers file, a list of servers, or a watcher's function. Logs the
%% warnings.
-module(ketama_source).

-export([new/2, with_nif/1, read/2, make/3, origin/1, is_path/1]).

-export_type([source/0, contents/0]).

-include_lib("kernel/include/file.hrl").
-include_lib("kernel/include/logger.hrl").

%% Where servers are read from: a file, or a function with its time limit in milliseconds.
-type source() :: {servers_file, file:filename_all()} | {function, fun(() -> term()), timeout()}.
-type contents() :: binary() | [term()].

%% The most bytes of a servers file.
-define(MAX_SIZE, 64 bsl 20).

%% More servers take too long for a normal scheduler. The library would find that out after reading about as many.
-define(MANY, 400).

%% More bytes than a normal scheduler reads.
-define(LARGE, 1 bsl 31).

%% @doc Makes a continuum from the file of a path, or from a list. Raises `badarg' if it is neither, or if an option is
%% wrong.
-spec new(ketama:source(), ketama:ring_options()) -> {ok, ketama:continuum()} | {error, ketama:reason()}.
new(Source, Options) ->
    with_nif(fun() ->
        Map = ketama_options:ring(Options),
        case looks_like_path(Source) of
            true -> new_from_file({servers_file, Source}, Map);
            false -> make(list, Source, Map)
        end
    end).

new_from_file(File, Options) ->
    case read(File, self()) of
        {ok, Contents} -> make(File, Contents, Options);
        {error, Reason} -> {error, Reason}
    end.

%% @doc Calls the function if the shared library is loaded, and otherwise returns why it is not.
-spec with_nif(fun(() -> Result)) -> Result | {error, ketama:reason()}.
with_nif(Fun) ->
    case code:ensure_loaded(ketama_nif) of
        {module, _} -> Fun();
        {error, _} -> {error, {nif_not_loaded, why_not_loaded()}}
    end.

%% ketama_nif leaves the reason when it fails to load the library.
why_not_loaded() ->
    persistent_term:get({ketama_nif, not_loaded}, "The module ketama_nif is not loaded either, and the log says why").

%% @doc Returns the source as {@link ketama:info/1} shows it.
-spec origin(source() | ketama:source()) -> file:filename_all() | fun(() -> term()) | list.
origin({servers_file, Path}) ->
    Path;
origin({function, Fun, _Timeout}) ->
    Fun;
origin(Source) ->
    case looks_like_path(Source) of
        true -> Source;
        false -> list
    end.

looks_like_path([First | _]) -> is_integer(First);
looks_like_path(Source) -> is_binary(Source).

%% @doc Whether a term can be the path of a file: a binary or a flat string, without NUL.
-spec is_path(term()) -> boolean().
is_path(Path) when is_binary(Path) ->
    binary:match(Path, <<0>>) =:= nomatch;
is_path(Path) ->
    looks_like_path(Path) andalso io_lib:char_list(Path) andalso not lists:member(0, Path).

%% @doc Reads a file, or calls a function, in a process that ends with `Owner'.
-spec read(source(), Owner :: pid()) -> {ok, contents()} | {error, ketama:reason()}.
read({servers_file, Path}, _Owner) ->
    is_path(Path) orelse error(badarg, [Path]),
    case read_file(Path) of
        {ok, Contents} -> {ok, Contents};
        {error, Reason} -> {error, {servers_file, Path, Reason}}
    end;
read({function, Fun, Timeout}, Owner) ->
    case ketama_task:run(Fun, Timeout, Owner) of
        {ok, {ok, Servers}} when length(Servers) >= 0 -> {ok, Servers};
        {ok, {error, Reason}} -> {error, {source, Reason}};
        {ok, Other} -> {error, {source, {bad_return, Other}}};
        {error, Reason} -> {error, {source, Reason}}
    end.

%% Raw, past the VM's file server, which a hanging disk would block for everybody. The kind of the file is checked
%% first: opening a FIFO would wait for its writer.
read_file(Path) ->
    case file:read_file_info(Path, [raw]) of
        {ok, #file_info{type = regular, size = Size}} when Size =< ?MAX_SIZE -> read_regular(Path, Size);
        {ok, #file_info{type = regular}} -> {error, efbig};
        {ok, _} -> {error, not_regular};
        {error, Reason} -> {error, Reason}
    end.

read_regular(Path, Size) ->
    case file:open(Path, [raw, read, binary]) of
        {ok, File} ->
            Contents = read_to_end(File, Size, []),
            _ = file:close(File),
            Contents;
        {error, Reason} ->
            {error, Reason}
    end.

%% The file may have grown since its size was read, and files of /proc have the size 0.
read_to_end(File, Size, Parts) ->
    case file:read(File, max(Size, 4096)) of
        {ok, Part} ->
            case iolist_size([Parts | Part]) > ?MAX_SIZE of
                true -> {error, efbig};
                false -> read_to_end(File, 0, [Parts | Part])
            end;
        eof ->
            {ok, iolist_to_binary(Parts)};
        {error, Reason} ->
            {error, Reason}
    end.

%% @doc Makes a continuum from the contents of a source.
-spec make(source() | list, contents(), map()) -> {ok, ketama:continuum()} | {error, ketama:reason()}.
make({servers_file, Path}, Contents, Options) ->
    case log_warnings(ketama_error:path(Path), Options, ketama_nif:parse(Contents, Options)) of
        {error, {invalid_line, LineNo, Fault}} -> {error, {servers_file, Path, {line, LineNo, Fault}}};
        Result -> Result
    end;
make(_List, Servers, Options) ->
    log_warnings("a list of servers", Options, ketama_nif:new(Servers, Options, name_bytes(Servers))).

%% A long list counts as large, so that a dirty scheduler reads it. So does one with a name that is neither a binary
%% nor a flat string: a deep list of few bytes may have any number of empty parts.
name_bytes(Servers) when length(Servers) > ?MANY ->
    ?LARGE;
name_bytes(Servers) ->
    try
        lists:sum([flat_size(Server) || Server <- Servers])
    catch
        error:_ -> ?LARGE
    end.

flat_size({Name, _Weight}) ->
    flat_size(Name);
flat_size(Name) when is_binary(Name) ->
    byte_size(Name);
flat_size(Name) ->
    true = lists:all(fun is_integer/1, Name),
    length(Name).

log_warnings(Source, Options, {ok, Continuum, Warnings}) ->
    Dialect = maps:get(dialect, Options, libketama),
    lists:foreach(fun(Warning) -> log_warning(Source, Dialect, Warning) end, Warnings),
    {ok, Continuum};
log_warnings(_Source, _Options, {error, Reason}) ->
    {error, Reason}.

log_warning(Source, _Dialect, {line, LineNo, {cut_weight, Written, Read}}) ->
    ?LOG_WARNING(
        "ketama: ~ts, line ~b: the weight is written ~ts and read ~b, as libketama reads it: it takes the last byte "
        "for the newline and cuts it off. End the line right after the weight.",
        [Source, LineNo, ketama_error:printable(Written), Read]
    );
log_warning(Source, _Dialect, {line, LineNo, {long_line, Limit}}) ->
    ?LOG_WARNING(
        "ketama: ~ts, line ~b is longer than ~b bytes. ketama reads it as one line, libketama as two. Shorten it if "
        "other clients read this file.",
        [Source, LineNo, Limit]
    );
log_warning(Source, Dialect, {too_many_servers, Limit}) ->
    ?LOG_WARNING(
        "ketama: ~ts has more than ~b servers, the most that ~s takes. It cannot have this ring.",
        [Source, Limit, Dialect]
    );
log_warning(Source, Dialect, {total_too_large, Limit}) ->
    ?LOG_WARNING(
        "ketama: the weights of ~ts add up to more than ~b, the most that ~s counts. It cannot have this ring. Make all "
        "weights smaller in proportion.",
        [Source, Limit, Dialect]
    );
log_warning(Source, Dialect, {label_too_long, Server, Limit}) ->
    ?LOG_WARNING(
        "ketama: ~ts: ~s hashes the name of a server with a hyphen and a number, and has room for ~b bytes of them. "
        "It cannot have this ring. Shorten ~ts.",
        [Source, Dialect, Limit, ketama_error:printable(Server)]
    ).
